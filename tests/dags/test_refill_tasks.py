"""What the refill's DAG adds to the library: the window, the waiting, and what is not retried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import RetryAction
from airflow.serialization.serialized_objects import DagSerialization

from stream_ops import collected
from stream_ops.collected import CollectorHasLeft
from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from stream_ops.window import window
from weir.errors import ContractError, SettingError, Unavailable
from weir.ops.window import TimeWindow
from weir.settings import REPO

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ONE = NOON + timedelta(hours=1)


def context(**asked: str) -> dict:
    start = pendulum.datetime(2026, 1, 31, 14, tz="Europe/Helsinki")
    return {
        "params": asked,
        "data_interval_start": start,
        "data_interval_end": start.add(hours=1),
    }


def test_the_window_is_the_data_interval_unless_the_form_says_otherwise():
    """A backfill and a person's wish go through the same door."""
    assert window(context()) == TimeWindow(NOON, ONE)
    asked = window(context(**{"from": "2026-01-30T12:00:00Z", "to": "2026-01-30T13:00:00Z"}))
    assert asked == TimeWindow(NOON - timedelta(days=1), ONE - timedelta(days=1))


def test_a_run_without_any_interval_is_refused():
    """The API starts such runs, and an empty one would be green."""
    with pytest.raises(SettingError, match="no data interval"):
        window({"params": {}})
    with pytest.raises(SettingError, match="no data interval"):
        window({"params": {}, "data_interval_start": None, "data_interval_end": None})


@pytest.mark.parametrize("left", [True, False])
def test_the_sensor_asks_for_the_window_and_gives_its_slot_back(monkeypatch, left):
    """A refill may wait for hours."""
    asked = []
    monkeypatch.setattr(collected, "has_left", lambda _, found: asked.append(found) or left)
    sensor = CollectorHasLeft(task_id="collected")
    assert sensor.poke(context()) is left
    assert asked == [TimeWindow(NOON, ONE)]
    assert sensor.reschedule


def test_a_contradiction_is_not_tried_again_and_an_absence_is():
    """Four tries against a wrong topic only hide it for a while."""

    def judge(error: Exception) -> RetryAction:
        return UNLESS_A_PERSON_MUST_ACT.evaluate(error, 1, 4).action

    assert judge(ContractError("wrong partitions")) == RetryAction.FAIL
    assert judge(SettingError("no window")) == RetryAction.FAIL
    assert judge(Unavailable("away")) == RetryAction.DEFAULT


def test_every_hour_has_an_interval_of_an_hour():
    """A bare cron string would give empty ones, and every refill would be refused."""
    bag = DagBag(str(REPO / "dags"), bundle_path=REPO / "dags")
    dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags["wikimedia_refill_hourly"]))
    timetable = dag.timetable
    interval = timetable.infer_manual_data_interval(run_after=pendulum.instance(NOON))
    assert (interval.start, interval.end) == (NOON - timedelta(hours=1), NOON)
