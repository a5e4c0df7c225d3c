"""Keeps `promo_join` running: campaigns become one notification per subscriber, once.

The task is *deferred* while the stream runs: that is its normal state, it holds no worker slot.
Paused until somebody wants promo: unpausing starts the stream, and so does `make run WITH=promo`.

| you do | the stream |
|---|---|
| clear the task, or mark it failed | stops after the batch at work and starts again |
| pause this DAG, then mark the task failed | stops after the batch at work |
| trigger `stream_control` with `drain` | stops after the batch at work and stays parked |
| trigger `stream_control` with `start` | runs again, also after it was declared failed |

**When red or retrying:** open *Driver log*, then `weir streams show promo_join`.
`StreamLost`: the driver died and Spark did not relaunch it; the retry submits a new one.
`Unavailable`: Spark's master, PostgreSQL (ours, or that of the subscribers) or Kafka is away.
`failed` with *progress topic*: markers and ledger do not fit; docs/domains/promo.md has the two
ways out. Nothing is lost or sent twice by any of this.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from stream_ops.operator import SparkStreamOperator

with DAG(
    dag_id="promo_join_stream",
    schedule="@continuous",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    allowed_run_types=["scheduled", "manual"],
    doc_md=__doc__,
    tags=["stream", "promo"],
):
    SparkStreamOperator(task_id="follow", stream="promo_join")
