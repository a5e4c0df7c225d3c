"""The form by which a campaign is sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from weir.contracts.campaign import FIELDS
from weir.settings import REPO

FORM = json.loads((REPO / "tests" / "support" / "promo_campaign.json").read_text())
ASKED = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def dag() -> Any:
    folder = REPO / "dags"
    bag = DagBag(str(folder / "promo_campaign_send.py"), bundle_path=folder)
    return bag.dags["promo_campaign_send"]


@pytest.fixture
def sent(dag: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, str]]:
    """What the task hands to Kafka, without one."""
    found: list[tuple[bytes, str]] = []
    space = dag.get_task("send").python_callable.__globals__

    def send(settings: object, campaigns: Any) -> None:
        found.extend((entry.value, one.adv_campaign_id) for entry, one in campaigns)

    monkeypatch.setitem(space, "send_campaigns", send)
    return found


def run(dag: Any, monkeypatch: pytest.MonkeyPatch, params: dict[str, Any]) -> Any:
    task = dag.get_task("send").python_callable
    context = {"params": params, "dag_run": SimpleNamespace(run_after=ASKED)}
    monkeypatch.setitem(task.__globals__, "get_current_context", lambda: context)
    return task()


def test_the_forms_fields_are_the_messages_fields_in_their_order(dag):
    """What restaurants send and what people fill in is one thing."""
    assert [name for name in dag.params if name != "dry_run"] == list(FIELDS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"restaurant_id": "one"},
        {"adv_campaign_content": ""},
        {"adv_campaign_datetime_start": "soon"},
        {"adv_campaign_datetime_end": None},
        {"datetime_created": -1},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_before_there_is_a_run(dag, wrong):
    """A typing error must not become a red task."""
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag)).params
    with pytest.raises(ParamValidationError):
        stored.deep_merge(FORM | wrong).validate()
    stored.deep_merge(FORM).validate()


def test_the_task_sends_the_message_under_the_campaigns_id(dag, sent, monkeypatch):
    """The id is what it returns, to look for the campaign by."""
    returned = run(dag, monkeypatch, FORM | {"dry_run": False})
    assert returned == FORM["adv_campaign_id"]
    ((value, campaign),) = sent
    assert (json.loads(value), campaign) == (FORM, FORM["adv_campaign_id"])


def test_a_dry_run_checks_and_sends_nothing(dag, sent, monkeypatch):
    """People try a form before they trust it."""
    with pytest.raises(AirflowSkipException):
        run(dag, monkeypatch, FORM | {"dry_run": True})
    assert sent == []
