"""Airflow's own cleaning commands, for its metadata and its state store.

A task has no access to the metadata, so the commands run as they do for a person: by
`bin/airflow`, without what Airflow puts into the environment of a task.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection
from datetime import datetime

from weir.errors import WeirError
from weir.settings import REPO

# Not `trigger`: its cleaning looks at age alone, and would delete the task that waits in it.
OF_RUNS = ("dag_run", "task_instance", "task_instance_history", "xcom")
# These are asked without a DAG: they have no such column, or none in most rows.
OTHERS = (
    *("asset_event", "callback", "import_error", "job", "log", "revoked_token"),
    "task_reschedule",
)
# Airflow 3.3.2 adds it by itself, and asks it for a column that it does not have as soon as a DAG
# is left out. Its rows go with their runs.
BROKEN = {"deadline"}
FOUND = re.compile(r"Found (\d+) rows? meeting deletion criteria")
FAILED = re.compile(r"error when attempting to clean table '(\w+)'")
EXPIRED = re.compile(r"Would delete (\d+) task state store")
DELETED = re.compile(r"rows_deleted=(\d+)")


def clean_metadata(before: datetime, *, keep: Collection[str], dry_run: bool) -> int:
    """Rows of finished runs from before that time; `keep` are DAGs that are left alone.

    An always-on task is older than any limit, so the streams' DAGs belong to `keep`.
    """
    common = ["db", "clean", "--clean-before-timestamp", before.isoformat(), "--skip-archive"]
    common.append("--dry-run" if dry_run else "--yes")
    left_out = ["--exclude-dag-ids", ",".join(sorted(keep))] if keep else []
    of_runs = _airflow(*common, "--tables", ",".join(OF_RUNS), *left_out)
    return count_found(of_runs) + count_found(_airflow(*common, "--tables", ",".join(OTHERS)))


def clean_state_store(*, dry_run: bool) -> int:
    """Expired entries of the store in which tasks keep their state."""
    said = _airflow("state-store", "clean", *(["--dry-run"] if dry_run else []))
    numbers = (EXPIRED if dry_run else DELETED).findall(said)
    return sum(int(number) for number in numbers)


def count_found(said: str) -> int:
    """All rows that `airflow db clean` found. Raises WeirError when it could not clean a table."""
    failed = set(FAILED.findall(said)) - BROKEN
    if failed:
        raise WeirError(f"airflow db clean failed for {', '.join(sorted(failed))}")
    return sum(int(number) for number in FOUND.findall(said))


def person_environment(environment: dict[str, str]) -> dict[str, str]:
    """Without the words by which Airflow keeps a task from the metadata."""
    return {k: v for k, v in environment.items() if not k.startswith(("AIRFLOW", "_AIRFLOW"))}


def _airflow(*words: str) -> str:
    done = subprocess.run(
        [REPO / "bin" / "airflow", *words],
        cwd=REPO,
        env=person_environment(dict(os.environ)),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise WeirError(
            f"airflow {' '.join(words[:2])} failed: {(done.stderr or done.stdout).strip()[-500:]}"
        )
    return done.stdout + done.stderr
