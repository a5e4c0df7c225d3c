"""Files and folders that nobody needs any more. Counting them changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

KEPT_RUNS = 1  # of each DAG: an always-on task writes to a log that may be older than any limit


def old_task_logs(logs: Path, before: datetime) -> list[Path]:
    """Run folders of Airflow's logs in which nothing was written since `before`.

    The newest run of each DAG stays: a stream's run may live, and be silent, for months.
    """
    found: list[Path] = []
    for dag in sorted(logs.glob("dag_id=*")):
        runs = sorted(dag.glob("run_id=*"), key=_newest)
        found += [run for run in runs[:-KEPT_RUNS] if _newest(run) < before.timestamp()]
    return found


def old_parser_logs(logs: Path, before: datetime) -> list[Path]:
    """Daily folders of the DAG processor's logs."""
    folders = (path for path in sorted(logs.glob("dag_processor/*")) if not path.is_symlink())
    return [path for path in folders if path.is_dir() and _newest(path) < before.timestamp()]


def old_checkpoints(checkpoints: Path, before: datetime) -> list[Path]:
    """Checkpoints that were set aside; the working ones are never looked at."""
    found = sorted(checkpoints.glob("*.aside-*"))
    return [path for path in found if _newest(path) < before.timestamp()]


def old_work_folders(spark: Path, before: datetime, active: Collection[str]) -> list[Path]:
    """Folders of drivers and applications that the master no longer runs."""
    found = [*spark.glob("work-*/driver-*"), *spark.glob("work-*/app-*")]
    return [
        path
        for path in sorted(found)
        if path.name not in active and _newest(path) < before.timestamp()
    ]


def remove(paths: list[Path]) -> int:
    """Delete the folders; how many. One that went by itself meanwhile is no error."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=not path.exists())
    return len(paths)


def _newest(folder: Path) -> float:
    """When something in the folder was last written."""
    return max((path.stat().st_mtime for path in _files(folder)), default=folder.stat().st_mtime)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
