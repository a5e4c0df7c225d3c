"""A part of Airflow that does not beat is down, and is never simply missing."""

from __future__ import annotations

from pathlib import Path

from weir.serving.airflow_reads import AirflowReads, api_answers, heartbeat_samples
from weir.serving.metric_names import Metric


def up(samples):
    return {s.labels[0]: s.value for s in samples if s.metric is Metric.AIRFLOW_UP}


def test_a_part_with_a_fresh_heartbeat_is_up_and_an_old_one_is_not():
    """A killed process leaves its row behind, as if it ran."""
    rows = [("SchedulerJob", 4.5), ("TriggererJob", 31.0), ("DagProcessorJob", 2.0)]
    samples = list(heartbeat_samples(rows))
    assert up(samples) == {"airflow-scheduler": 1, "airflow-dags": 1, "airflow-triggerer": 0}
    ages = {s.labels[0]: s.value for s in samples if s.metric is Metric.AIRFLOW_HEARTBEAT_AGE}
    assert ages == {"airflow-scheduler": 4.5, "airflow-dags": 2.0, "airflow-triggerer": 31.0}


def test_a_part_that_never_came_up_is_down_and_has_no_age():
    """An alert on a missing series never fires."""
    samples = list(heartbeat_samples([("LocalTaskJob", 1.0)]))
    assert set(up(samples).values()) == {0}
    assert len(samples) == 3


def test_without_its_database_every_worker_of_airflow_is_down(tmp_path):
    """The scrape goes on: PostgreSQL away is told by a metric of its own."""
    found = up(AirflowReads(Path(tmp_path / "no.dsn"), lambda: True).read())
    assert found == {
        "airflow-api": 1,
        "airflow-scheduler": 0,
        "airflow-dags": 0,
        "airflow-triggerer": 0,
    }


def test_an_api_server_that_does_not_listen_is_down():
    """Port 9 is discard: nobody listens there."""
    assert api_answers("http://127.0.0.1:9") is False
