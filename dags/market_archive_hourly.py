"""Writes what the marketplace's filter said in an hour into Parquet files, by date.

`archive` goes on where its last run ended and takes what was written before the end of the run's
data interval (of a run by hand: everything that is there). `compact` makes one file of the many of
each past day. Both may run again at any time: nothing is archived twice, and a run that dies
leaves the archive as it was. `weir market archive status` says what it holds.

**When red:** `Unavailable`: Kafka or PostgreSQL is away, or another run is at work; the retry
heals it, and later runs take what this one did not. `ContractError`: files that the manifest names
are missing or it cannot be read: bring the folder back from a copy; nothing was changed.
A *gap* in the status is no error of a run: Kafka's retention was faster than the archive.
The same on the shell: `weir market archive run`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from weir.clock import utc_now
from weir.market.archive_run import compact_days_now, run_until, waiting_words
from weir.settings import load_settings

with DAG(
    dag_id="market_archive_hourly",
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    doc_md=__doc__,
    tags=["market", "archive"],
    default_args={
        "retries": 4,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Only say in the log what waits"
        )
    },
):
    # Backfill runs ignore the limit of the DAG, and two runs would only wait for each other.
    @task(max_active_tis_per_dag=1)
    def archive() -> str:
        """Archive up to the end of the data interval; what was done, in words."""
        context, settings = get_current_context(), load_settings()
        if context["params"]["dry_run"]:
            raise AirflowSkipException(waiting_words(settings))
        scheduled = context["dag_run"].run_type != "manual"
        said = run_until(settings, context.get("data_interval_end") if scheduled else None)
        print(said)
        return said

    @task(max_active_tis_per_dag=1)
    def compact() -> str:
        """Join the small files of past days."""
        said = compact_days_now(load_settings(), utc_now())
        print(said)
        return said

    archive() >> compact()
