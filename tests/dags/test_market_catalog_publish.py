"""The form by which a catalogue is published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from tests.support.bad_products import GOOD
from weir.errors import SettingError
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.settings import REPO

ASKED = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORM: dict[str, Any] = {"file": "", "products": [GOOD], "per_second": 10_000, "dry_run": False}


@pytest.fixture(scope="module")
def dag() -> Any:
    folder = REPO / "dags"
    bag = DagBag(str(folder / "market_catalog_publish.py"), bundle_path=folder)
    return bag.dags["market_catalog_publish"]


@pytest.fixture
def log(dag: Any, monkeypatch: pytest.MonkeyPatch) -> MemoryLog:
    """What the task hands to Kafka, without one."""
    found = MemoryLog()
    space = dag.get_task("publish").python_callable.__globals__
    monkeypatch.setitem(space, "ConfirmedProducer", lambda _: MemoryPublisher(found))
    return found


def run(dag: Any, monkeypatch: pytest.MonkeyPatch, end: datetime | None = None, **form: Any) -> Any:
    task = dag.get_task("publish").python_callable
    context = {
        "params": FORM | form,
        "dag_run": SimpleNamespace(run_after=ASKED),
        "data_interval_end": end,
    }
    monkeypatch.setitem(task.__globals__, "get_current_context", lambda: context)
    return task()


def times(log: MemoryLog) -> list[str]:
    return [orjson.loads(record.value or b"")["updated_at"] for record in log.records]


def test_the_form_publishes_a_file_or_what_is_typed_in(dag, log, monkeypatch):
    """A shop without a program still has products."""
    assert run(dag, monkeypatch, products=[], file="products.json", per_second=100_000) > 190
    log.records.clear()
    assert run(dag, monkeypatch) == 1
    assert [(r.topic, r.key) for r in log.records] == [("shop-products", b"el-0001")]


def test_a_run_counts_from_the_end_of_its_interval_and_a_retry_is_the_same_version(
    dag, log, monkeypatch
):
    """A catalogue of last week must not take the place of today's."""
    last_week = ASKED - timedelta(days=7)
    run(dag, monkeypatch, end=last_week)
    run(dag, monkeypatch, end=last_week)
    run(dag, monkeypatch)
    run(dag, monkeypatch, end=ASKED + timedelta(days=1))
    old, now = "2026-11-15T12:00:00.000000Z", "2026-11-22T12:00:00.000000Z"
    assert times(log) == [old, old, now, now]


def test_one_bad_product_ends_the_run_before_anything_is_sent(dag, log, monkeypatch):
    """Half a catalogue would be worse than none."""
    with pytest.raises(SettingError, match="wrong_price"):
        run(dag, monkeypatch, products=[GOOD, GOOD | {"price": "cheap"}])
    assert log.records == []


@pytest.mark.parametrize("name", ["../streams.yaml", "/etc/passwd", "", "../data"])
def test_a_form_reads_no_file_but_the_shipped_data(dag, log, monkeypatch, name):
    """Whoever may fill in a form may not read the machine."""
    with pytest.raises(SettingError, match="is no file of data"):
        run(dag, monkeypatch, products=[], file=name)
    with pytest.raises(SettingError, match=r"missing\.json cannot be read"):
        run(dag, monkeypatch, products=[], file="missing.json")


def test_a_dry_run_checks_and_sends_nothing(dag, log, monkeypatch):
    """People try a form before they trust it."""
    with pytest.raises(AirflowSkipException):
        run(dag, monkeypatch, dry_run=True)
    assert log.records == []


@pytest.mark.parametrize("wrong", [{"per_second": 0}, {"products": "all"}, {"products": [7]}])
def test_a_wrong_value_is_refused_before_there_is_a_run(dag, wrong):
    """A typing error must not become a red task."""
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag)).params
    with pytest.raises(ParamValidationError):
        stored.deep_merge(FORM | wrong).validate()
    stored.deep_merge(FORM).validate()
