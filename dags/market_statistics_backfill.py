"""Counts a stretch of time of the marketplace's statistics anew, hour by hour.

Reads what the filter said from the archive, and from Kafka what came after it, and sets the rows of
each hour to what that says. The stream may run meanwhile: batch and stream take turns by the
stream's ledger, and messages that were counted here are marked, so none is counted twice.

The stretch is `from` and `to` of the form, else the run's data interval (a day; also by
`airflow backfill create`). An hour for which the history holds *fewer* messages than are counted is
left as it is, and the run is red: Kafka may have deleted what the archive does not have. `may
lower` counts it all the same. Running it again changes nothing.

**When red:** the task's log ends with the reason. *the history holds … messages, … are counted*:
look at `weir market archive status`; `may lower` is for counts that are wrong, not for a history
with holes. `Unavailable`: PostgreSQL, Kafka or Spark is away; the retry heals it. *no time*: the
form's `from` or `to` cannot be read. Hours that were done stay done.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable, Param

from stream_ops.batch import SparkBatchOperator

TIME = {"type": ["null", "string"], "format": "date-time"}
START = "{{ params['from'] or (data_interval_start.isoformat() if data_interval_start else '') }}"
END = "{{ params['to'] or (data_interval_end.isoformat() if data_interval_end else '') }}"
WHO = "{{ dag_run.triggering_user_name or 'airflow' }}"

with DAG(
    dag_id="market_statistics_backfill",
    # After the archive has taken the last hour of the day.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    doc_md=__doc__,
    tags=["market", "backfill"],
    default_args={"retries": 2, "retry_delay": timedelta(minutes=2)},
    params={
        "from": Param(None, **TIME, title="From", description="Start; empty: the data interval"),
        "to": Param(None, **TIME, title="To", description="End, excluded"),
        "may_lower": Param(
            False,
            type="boolean",
            title="May lower",
            description="Also where the history holds fewer messages than are counted",
        ),
    },
):
    SparkBatchOperator(
        task_id="count_anew",
        path="market_statistics/backfill.py",
        name="market_statistics_backfill",
        application_args=[
            *("--from", START, "--to", END, "--who", WHO),
            *("--may-lower", "{{ params['may_lower'] }}"),
        ],
        max_active_tis_per_dag=1,
        execution_timeout=timedelta(hours=2),
    )
