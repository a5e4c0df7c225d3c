"""The form by which products are banned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from weir.errors import SettingError
from weir.market.bans import Changed
from weir.settings import REPO

FORM = {"verb": "ban", "sku": "AB-1", "reason": "recalled"}


@pytest.fixture(scope="module")
def dag() -> Any:
    folder = REPO / "dags"
    bag = DagBag(str(folder / "market_ban.py"), bundle_path=folder)
    return bag.dags["market_ban"]


@contextmanager
def no_database(*_: object, **__: object) -> Iterator[None]:
    yield None


def run(dag: Any, monkeypatch: pytest.MonkeyPatch, params: dict[str, Any]) -> Any:
    space = dag.get_task("order").python_callable.__globals__
    monkeypatch.setitem(space, "get_current_context", lambda: {"params": params})
    monkeypatch.setitem(space, "connect", no_database)
    return dag.get_task("order").python_callable()


@pytest.mark.parametrize(
    "wrong",
    [
        {"verb": "forbid"},
        {"reason": ""},
        {"reason": None},
        {"sku": "x" * 101},
        {"until": 5},
    ],
)
def test_a_wrong_field_is_refused_before_there_is_a_run(dag: Any, wrong: dict[str, Any]):
    """A typing error must not become a red task."""
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag)).params
    with pytest.raises(ParamValidationError):
        stored.deep_merge(FORM | wrong).validate()
    stored.deep_merge(FORM).validate()


def test_the_forms_order_is_carried_out_and_audited_as_airflows(
    dag: Any, monkeypatch: pytest.MonkeyPatch
):
    """The run's own record says who triggered it."""
    seen: list[tuple[Any, str, str]] = []

    def order(_: object, values: Any, *, who: str, via: str) -> Changed:
        seen.append((values["sku"], who, via))
        return Changed(version=3, changed=1, unchanged=0)

    space = dag.get_task("order").python_callable.__globals__
    monkeypatch.setitem(space, "order_of_form", order)
    assert run(dag, monkeypatch, FORM) == {"changed": 1, "unchanged": 0, "version": 3}
    assert seen == [("AB-1", "airflow", "airflow")]


def test_a_form_without_a_rule_is_red_and_changes_nothing(
    dag: Any, monkeypatch: pytest.MonkeyPatch
):
    """All three fields of a rule may be empty in a form."""
    with pytest.raises(SettingError, match="names no rule"):
        run(dag, monkeypatch, FORM | {"sku": None})
