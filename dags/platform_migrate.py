"""Brings Kafka's topics and PostgreSQL's schema to what this repository declares.

`plan` prints what is missing and refuses what contradicts; `migrate` makes it, unless the form
says *dry run*. Two runs at once, or a run beside `make run`: the second waits, and finds nothing
left to do.

**When red:** `ContractError` names each topic that is not as declared: alter the topic or
`include/topics.yaml`, nothing was changed. `would fail` names the migration file: nothing was
changed either, all pending files are rehearsed first. `Unavailable`: Kafka or PostgreSQL is away
(`weir status`), the retry heals it. The same on the shell: `weir topics check`, `weir db status`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from weir.ops.migrate_plan import fetch_plan, migrate_platform
from weir.settings import load_settings

with DAG(
    dag_id="platform_migrate",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["platform"],
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Only print the plan in the log"
        )
    },
):

    @task
    def plan() -> list[str]:
        """What is missing; red when a topic is not as declared."""
        found = fetch_plan(load_settings())
        print(*found.lines(), sep="\n")
        found.refuse_differences()
        return found.lines()

    @task
    def migrate() -> list[str]:
        """Make what is missing; what was made."""
        if get_current_context()["params"]["dry_run"]:
            raise AirflowSkipException("dry run: nothing was changed")
        done = migrate_platform(load_settings()).lines()
        print(*done, sep="\n")
        return done

    plan() >> migrate()
