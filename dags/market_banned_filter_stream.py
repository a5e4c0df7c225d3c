"""Keeps `market_banned_filter` running: products of shops go through unless a ban holds.

The task is *deferred* while the stream runs: that is its normal state, it holds no worker slot.
Paused until somebody wants the market: unpausing starts the stream, and so does
`make run WITH=market`. While it stands still no product passes, banned or not.

| you do | the stream |
|---|---|
| clear the task, or mark it failed | stops after the batch at work and starts again |
| pause this DAG, then mark the task failed | stops after the batch at work |
| trigger `stream_control` with `drain` | stops after the batch at work and stays parked |
| trigger `stream_control` with `start` | runs again, also after it was declared failed |

**When red or retrying:** open *Driver log*, then `weir streams show market_banned_filter`.
`StreamLost`: the driver died and Spark did not relaunch it; the retry submits a new one.
`Unavailable`: Spark's master, PostgreSQL or Kafka is away. *PostgreSQL is asked again* in the log:
without the ban list nothing passes, by intent; it goes on by itself. Bans that do not show their
effect in `filtered-products`: does `weir market relay` run (`weir status`)?
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from stream_ops.operator import SparkStreamOperator

with DAG(
    dag_id="market_banned_filter_stream",
    schedule="@continuous",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    allowed_run_types=["scheduled", "manual"],
    doc_md=__doc__,
    tags=["stream", "market"],
):
    SparkStreamOperator(task_id="follow", stream="market_banned_filter")
