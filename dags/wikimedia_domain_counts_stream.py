"""Keeps `wikimedia_domain_counts` running: edits per domain, in total and per minute.

The task is *deferred* while the stream runs: that is its normal state, it holds no worker slot.

| you do | the stream |
|---|---|
| clear the task, or mark it failed | stops after the batch at work and starts again |
| pause this DAG, then mark the task failed | stops after the batch at work |
| trigger `stream_control` with `drain` | stops after the batch at work and stays parked |
| trigger `stream_control` with `start` | runs again, also after it was declared failed |
| pause this DAG only | runs on; nobody restarts it when Spark gives up |
| trigger this DAG while it runs | the new run waits for the end of this one, then adopts |

**When red or retrying:** open *Driver log*, then `weir streams show wikimedia_domain_counts`.
`StreamLost`: the driver died and Spark did not relaunch it; the retry submits a new one.
`Unavailable`: Spark's master or PostgreSQL is away (`weir status`); heals itself.
Deferred but not counting: the *Streams page* says parked, failed or stalled, why, and what to do.
Nothing is lost or counted twice by any of this: counts and offsets commit together.

A backfill is refused: a stream reads what is in its topic, not an interval.
Missing hours are brought by `wikimedia_refill_hourly`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from stream_ops.operator import SparkStreamOperator

with DAG(
    dag_id="wikimedia_domain_counts_stream",
    schedule="@continuous",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    allowed_run_types=["scheduled", "manual"],
    doc_md=__doc__,
    tags=["stream", "wikimedia"],
):
    SparkStreamOperator(task_id="follow", stream="wikimedia_domain_counts")
