"""Brings what is missing of an hour from Wikimedia's history into `wikimedia_events`, once.

`collected` waits, without a worker slot, until the collector has left the hour behind. `refill`
asks the source for the hour and publishes what the topic does not have. `found` does the same for
older hours with silent minutes (only in scheduled runs). Scheduled runs look at what happened
since the first count; `airflow backfill create` and the form also bring what was before.

The hour is `from` and `to` of the form, else the run's data interval. Running it again publishes
nothing. `weir gaps report` lists what was missing; older than six days is a *permanent* gap.

**When red:** `collected` timed out: the collector is away (`weir sources list`), nothing is lost
yet, clear the task when it runs. `Unavailable` in `refill`: the source breaks off or another
refill works; the retry goes on where it stood. `ContractError`: the topic holds data of the other
mode (`weir sources list`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from stream_ops.collected import CollectorHasLeft
from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from stream_ops.window import window
from weir.ops.window import hours_of
from weir.settings import load_settings
from weir.sources.wikimedia.refill_open import record_found, refill_open, since_begun
from weir.sources.wikimedia.refill_window import refill_window

TIME = {"type": ["null", "string"], "format": "date-time"}

with DAG(
    dag_id="wikimedia_refill_hourly",
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["wikimedia", "refill"],
    default_args={
        "retries": 4,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "from": Param(None, **TIME, title="From", description="Start; empty: the data interval"),
        "to": Param(None, **TIME, title="To", description="End, excluded"),
        "events_per_second": Param(
            2000,
            type="integer",
            minimum=1,
            title="Events per second",
            description="Publish at most so many, so that the live stream keeps its pace",
        ),
    },
):
    # Backfill runs ignore the limit of the DAG, and two refills would only wait for each other.
    @task(max_active_tis_per_dag=1)
    def refill() -> list[str]:
        """Publish what is missing, hour by hour; the gaps that there were."""
        context, settings = get_current_context(), load_settings()
        asked = window(context)
        if context["dag_run"].run_type == "scheduled":
            asked = since_begun(settings, asked)
        rate = float(context["params"]["events_per_second"])
        hours = hours_of(asked) if asked else ()
        gaps = [refill_window(settings, hour, events_per_second=rate) for hour in hours]
        return [f"{gap.window} {gap.state}: {gap.reason}" for gap in gaps if gap]

    @task
    def found() -> list[str]:
        """Refill older hours with silent minutes, a few in each run."""
        if get_current_context()["dag_run"].run_type != "scheduled":
            raise AirflowSkipException("only scheduled runs look for other gaps")
        record_found(load_settings())
        gaps = refill_open(load_settings(), at_most=6)
        return [f"{gap.window} {gap.state}: {gap.reason}" for gap in gaps]

    CollectorHasLeft(task_id="collected") >> refill() >> found()
