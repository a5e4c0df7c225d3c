"""A stop that Airflow could not deliver: its run was ended by a person while no triggerer was up.

Pausing a stream's DAG and ending its run means a stop. The triggerer passes it on; one that was
down at that moment never hears of it. So Airflow's own records are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from weir.ops.lease import Pg

LATE_SECONDS = 60.0
"""A triggerer that is up has passed the wish on by then."""

# By a person: only the API server writes these lines of Airflow's audit log.
ENDED = (
    "select d.is_paused,"
    " exists (select from dag_run r where r.dag_id = d.dag_id"
    "   and r.state in ('queued', 'running')),"
    " (select extract(epoch from clock_timestamp() - max(l.dttm))::float8 from log l"
    "   where l.dag_id = d.dag_id and l.event ~ '^(patch|bulk)_(dag_run|task_instance)')"
    " from dag d where d.dag_id = %s"
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What Airflow knows of a stream's DAG; `ended_seconds` since a person changed a run of it."""

    paused: bool
    active: bool
    ended_seconds: float | None


def dag_of(stream: str) -> str:
    """The DAG that follows this stream."""
    return f"{stream}_stream"


def fetch_run(metadata: Pg, stream: str) -> Run | None:
    """The DAG of the stream; None when Airflow does not know one."""
    row: tuple[Any, ...] | None = metadata.execute(ENDED, [dag_of(stream)]).fetchone()
    return None if row is None else Run(paused=row[0], active=row[1], ended_seconds=row[2])


def judge_run(run: Run | None, epoch_seconds: float) -> str | None:
    """Why the driver of an epoch that began so long ago shall stop; None while it may go on.

    What was ended before the epoch began was another driver's run.
    """
    if run is None or not run.paused or run.active or run.ended_seconds is None:
        return None
    if LATE_SECONDS < run.ended_seconds < epoch_seconds:
        return "a person ended its run while no triggerer was up, and its DAG is paused"
    return None
