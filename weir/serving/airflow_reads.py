"""Airflow's health as metrics: its heartbeats and tasks by SQL, its API server by asking it.

Airflow itself would push its metrics to a collector that Weir would have to run as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import structlog

from weir.errors import WeirError
from weir.platform.airflow_jobs import FRESH_SECONDS, connect_metadata
from weir.serving.metric_names import Metric
from weir.serving.metrics import Sample

log = structlog.get_logger()

ROLES = {
    "SchedulerJob": "airflow-scheduler",
    "DagProcessorJob": "airflow-dags",
    "TriggererJob": "airflow-triggerer",
}
API = "airflow-api"
HEARTBEATS = """
select job_type, extract(epoch from clock_timestamp() - max(latest_heartbeat))
from job where state = 'running' group by job_type
"""
READS: dict[Metric, str] = {
    Metric.AIRFLOW_TASKS: """
        select coalesce(state, 'none'), count(*) from task_instance
        where state in ('queued', 'running', 'deferred', 'up_for_retry', 'scheduled')
           or end_date > clock_timestamp() - interval '1 hour'
        group by 1""",
    Metric.AIRFLOW_IMPORT_ERRORS: "select count(*) from import_error",
}

Rows = list[tuple[Any, ...]]


class AirflowReads:
    """Reads all samples of Airflow; a part that does not answer is down, not absent."""

    def __init__(self, dsn_file: Path, ask_api: Callable[[], bool]) -> None:
        self._dsn_file = dsn_file
        self._ask_api = ask_api

    def read(self) -> Iterator[Sample]:
        """Every sample there is now."""
        yield Sample(Metric.AIRFLOW_UP, (API,), float(self._ask_api()))
        try:
            heartbeats, values = self._read_metadata()
        except (WeirError, psycopg.Error) as error:
            log.warning("airflow's metadata not read for metrics", reason=str(error).strip())
            heartbeats, values = [], []
        yield from heartbeat_samples(heartbeats)
        yield from values

    def _read_metadata(self) -> tuple[Rows, list[Sample]]:
        with connect_metadata(self._dsn_file, application_name="weir:api:airflow") as connection:
            heartbeats: Rows = connection.execute(HEARTBEATS).fetchall()
            values: list[Sample] = []
            for metric, sql in READS.items():
                rows: Rows = connection.execute(sql).fetchall()
                values += [Sample(metric, tuple(map(str, r[:-1])), float(r[-1])) for r in rows]
        return heartbeats, values


def heartbeat_samples(rows: Rows) -> Iterator[Sample]:
    """Per part whether it beats, and the age where it ever did."""
    ages = {ROLES[job]: float(age) for job, age in rows if job in ROLES}
    for part in ROLES.values():
        fresh = part in ages and ages[part] < FRESH_SECONDS
        yield Sample(Metric.AIRFLOW_UP, (part,), float(fresh))
        if part in ages:
            yield Sample(Metric.AIRFLOW_HEARTBEAT_AGE, (part,), ages[part])


def api_answers(address: str) -> bool:
    """Whether Airflow's API server answers there."""
    try:
        return httpx.get(f"{address}/api/v2/version", timeout=2).is_success
    except httpx.HTTPError:
        return False
