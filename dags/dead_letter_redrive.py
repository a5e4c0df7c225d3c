"""Sends dead letters again to the topic they came from, each at most once.

Fill in which: by topic, by reasons (exactly as `weir dlq list --counts` writes them), by who
refused them; nothing means every letter that was not sent yet. `look` lists them by reason.
`redrive` then sends them with their own key and headers, unless the form says *dry run*. What
is still wrong with a message is found again by its stream: it becomes a new letter.

**When red:** clearing the task is always safe: a letter that was sent is not sent again, and what
an earlier run had decided and not sent goes first. `Unavailable` or `PublishError`: Kafka or
PostgreSQL is away, or another redrive is at work; the retry heals it. `ContractError`: Kafka's
topic of the progress was lost; the log names the two ways out on the shell. `SettingError`: the
topic is not on this Kafka, nothing was sent. The same on the shell: `weir dlq redrive`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from stream_ops import redriving
from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT

TEXT = {"type": ["null", "string"]}

with DAG(
    dag_id="dead_letter_redrive",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["platform"],
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "topic": Param(None, **TEXT, title="Topic", description="Only letters of this topic"),
        "reasons": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="Reasons",
            description="Only letters with exactly one of these reasons, one per line",
        ),
        "refused_by": Param(
            None, **TEXT, title="Refused by", description="Only of this stream.query or collector"
        ),
        "limit": Param(
            0, type="integer", minimum=0, title="At most", description="So many letters; 0: all"
        ),
        "per_second": Param(
            500,
            type="integer",
            minimum=1,
            title="Letters per second",
            description="A stream that refuses most of a large batch stops itself: go slowly",
        ),
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Only list them in the log"
        ),
    },
):

    @task
    def look() -> list[str]:
        """How many letters of which reason would be sent; changes nothing."""
        lines = redriving.look(get_current_context()["params"])
        print(*lines, sep="\n")
        return lines

    @task(task_id="redrive")
    def send() -> str:
        """Send them; what was done, in words."""
        context = get_current_context()
        if context["params"]["dry_run"]:
            raise AirflowSkipException("dry run: nothing was sent")
        who = context["dag_run"].triggering_user_name or "airflow"
        said = redriving.send(context["params"], who=who)
        print(said)
        return said

    look() >> send()
