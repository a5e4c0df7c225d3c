"""Removes what is older than it is kept: rows of `ops`, logs, checkpoints set aside, Spark's work
folders, Airflow's own metadata and state store; makes partitions ahead.

`look` lists every chore with how much it would do. `clean` then does it, unless the form says *dry
run*. Counts, offsets, gaps and whatever belongs to a living run or driver are never touched.

**When red:** the log names each chore that was left undone and why; the others were done. Mostly a
service is away (`weir status`). Clearing the task is safe: it finds only what is left. The same on
the shell: `weir housekeeping plan`, `weir housekeeping run`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from weir.clock import utc_now
from weir.ops import housekeeping
from weir.settings import load_settings

with DAG(
    dag_id="platform_housekeeping",
    # Begins with the next night, not with the one before the first start.
    schedule=CronTriggerTimetable("30 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["platform"],
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Only list the chores in the log"
        )
    },
):

    @task
    def look() -> list[str]:
        """Every chore and how much it would do; changes nothing."""
        outcomes = housekeeping.survey(housekeeping.list_chores(load_settings(), utc_now()))
        print(*(outcome.line() for outcome in outcomes), sep="\n")
        return [outcome.line() for outcome in outcomes]

    @task
    def clean() -> list[str]:
        """Do every chore; red when one was left undone."""
        context, settings = get_current_context(), load_settings()
        if context["params"]["dry_run"]:
            raise AirflowSkipException("dry run: nothing was removed")
        chores = housekeeping.list_chores(settings, utc_now())
        who = context["dag_run"].triggering_user_name or "airflow"
        outcomes = housekeeping.clean(settings, chores, changed_by=who)
        print(*(outcome.line() for outcome in outcomes), sep="\n")
        housekeeping.refuse_errors(outcomes)
        return [outcome.line() for outcome in outcomes]

    look() >> clean()
