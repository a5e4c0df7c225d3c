"""Keeps `market_catalogue` running: what the ban filter lets through, into `market.product`.

The task is *deferred* while the stream runs: that is its normal state, it holds no worker slot.
Paused until somebody wants the marketplace: unpausing starts the stream, and so does
`make run WITH=market`.

| you do | the stream |
|---|---|
| clear the task, or mark it failed | stops after the batch at work and starts again |
| pause this DAG, then mark the task failed | stops after the batch at work |
| trigger `stream_control` with `drain` | stops after the batch at work and stays parked |
| trigger `stream_control` with `start` | runs again, also after it was declared failed |

**When red or retrying:** open *Driver log*, then `weir streams show market_catalogue`.
`StreamLost`: the driver died and Spark did not relaunch it; the retry submits a new one.
`Unavailable`: Spark's master, PostgreSQL or Kafka is away. `failed` with *not what the filter
writes*: somebody else writes into filtered-products or filtered-events. While it stands still,
the search shows the products of before; bans hold all the same, because they are read live.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from stream_ops.operator import SparkStreamOperator

with DAG(
    dag_id="market_catalogue_stream",
    schedule="@continuous",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    allowed_run_types=["scheduled", "manual"],
    doc_md=__doc__,
    tags=["stream", "market"],
):
    SparkStreamOperator(task_id="follow", stream="market_catalogue")
