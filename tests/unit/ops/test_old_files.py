"""What may be deleted of files and folders, and what must stay."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from weir.ops import old_files

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LIMIT = NOW - timedelta(days=7)


def folder(path: Path, days_old: float) -> Path:
    """A folder with one file that was written so long ago; the folder itself is touched now."""
    path.mkdir(parents=True)
    file = path / "inside" / "log"
    file.parent.mkdir()
    file.write_text("x")
    written = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(file, (written, written))
    return path


def test_a_folder_is_as_old_as_what_was_written_last_in_it(tmp_path: Path):
    """The time of a folder itself changes by looking away."""
    old = folder(tmp_path / "counts.aside-1", 8)
    folder(tmp_path / "counts.aside-2", 6)
    folder(tmp_path / "counts", 100)
    assert old_files.old_checkpoints(tmp_path, LIMIT) == [old]


def test_work_folders_of_what_lives_stay_however_old(tmp_path: Path):
    """A driver that runs for a month writes into a folder of that age."""
    gone = folder(tmp_path / "work-1" / "driver-1", 8)
    folder(tmp_path / "work-1" / "driver-2", 30)
    gone_too = folder(tmp_path / "work-2" / "app-1", 8)
    folder(tmp_path / "work-2" / "app-2", 1)
    active = {"driver-2"}
    assert old_files.old_work_folders(tmp_path, LIMIT, active) == [gone, gone_too]


def test_the_newest_run_of_a_dag_keeps_its_logs(tmp_path: Path):
    """A stream's task may be silent for months and still write tomorrow."""
    old = folder(tmp_path / "dag_id=a_stream" / "run_id=1", 90)
    folder(tmp_path / "dag_id=a_stream" / "run_id=2", 60)
    folder(tmp_path / "dag_id=b" / "run_id=1", 60)
    assert old_files.old_task_logs(tmp_path, LIMIT) == [old]


def test_the_link_to_the_newest_parser_logs_is_left_alone(tmp_path: Path):
    """Airflow keeps a link `latest` there."""
    old = folder(tmp_path / "dag_processor" / "2026-01-01", 90)
    (tmp_path / "dag_processor" / "latest").symlink_to(old)
    assert old_files.old_parser_logs(tmp_path, LIMIT) == [old]


def test_removing_counts_and_leaves_nothing(tmp_path: Path):
    """What is reported as done is gone."""
    paths = [folder(tmp_path / name, 8) for name in ("a", "b")]
    assert old_files.remove(paths) == 2
    assert list(tmp_path.iterdir()) == []
