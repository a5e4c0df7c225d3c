"""The one task of `stream_control`: a person's verb, done by the same function as on the shell."""

from __future__ import annotations

from typing import Any

import structlog
from airflow.sdk import get_current_context, task

from weir.ops import verbs
from weir.ops.operations import Verb
from weir.settings import load_settings

log = structlog.get_logger()
VERBS = tuple(verb.value for verb in Verb)


@task(task_id="do")
def run_verb() -> str:
    """Do what the form says; what was done, in words."""
    context = get_current_context()
    return do_verb(context["params"], who=context["dag_run"].triggering_user_name)


def do_verb(params: dict[str, Any], *, who: str | None) -> str:
    """Do the verb on the stream, or only say so."""
    stream, verb = params["stream"], params["verb"]
    if params["dry_run"]:
        said = f"would {verb} {stream}"
    else:
        done = verbs.order(
            load_settings(), stream, verb, changed_by=who or "airflow", via="stream_control"
        )
        said = f"{verb} {stream}: {done.outcome}"
    log.info(said)
    return said
