"""Checkpoint folders next to the ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from spark_jobs.lib.checkpoint import (
    OffsetLog,
    TornLog,
    Verdict,
    batch_range,
    judge_checkpoint,
    read_offset_log,
    set_aside,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def folder_of(
    path: Path, planned: list[dict[str, int]], *, committed: int, first: dict[str, int]
) -> Path:
    """A checkpoint as Spark writes it: initial offsets, offset log, commit log."""
    for name in ("offsets", "commits", "sources/0"):
        (path / name).mkdir(parents=True)
    (path / "metadata").write_text('{"id":"x"}')
    (path / "sources/0/0").write_text("v1\n" + json.dumps({"t": first}))
    for number, offsets in enumerate(planned):
        (path / f"offsets/{number}").write_text(
            f'v1\n{{"conf":{{}}}}\n{json.dumps({"t": offsets})}'
        )
    for number in range(committed):
        (path / f"commits/{number}").write_text("v1\n{}")
    return path


def verdict(folder: Path, ledger: dict[int, int]) -> Verdict:
    return judge_checkpoint(read_offset_log(folder), {"t": ledger})[0]


def test_without_a_folder_the_query_begins_afresh(tmp_path: Path) -> None:
    """The ledger says where; a deleted folder costs nothing."""
    assert verdict(tmp_path / "none", {0: 5}) is Verdict.FRESH
    (tmp_path / "empty").mkdir()
    assert verdict(tmp_path / "empty", {0: 5}) is Verdict.FRESH


@pytest.mark.parametrize(
    ("committed", "ledger", "expected"),
    [
        (2, {0: 9}, Verdict.RESUME),  # both batches done
        (1, {0: 9}, Verdict.RESUME),  # counted, killed before Spark's own commit: skipped
        (1, {0: 4}, Verdict.RESUME),  # planned, killed before the transaction: replayed
        (2, {0: 4}, Verdict.ASIDE),  # Spark believes it is done, the ledger does not: a loss
        (1, {0: 2}, Verdict.ASIDE),
        (2, {0: 30}, Verdict.ASIDE),  # an older copy was restored
        (2, {0: 9, 1: 0}, Verdict.ASIDE),  # the topic has gained a partition
    ],
)
def test_a_checkpoint_is_resumed_only_next_to_the_ledger(
    tmp_path: Path, committed: int, ledger: dict[int, int], expected: Verdict
) -> None:
    """Otherwise a batch would be lost or counted twice."""
    folder = folder_of(tmp_path / "c", [{"0": 4}, {"0": 9}], committed=committed, first={"0": 0})
    assert verdict(folder, ledger) is expected


def test_the_first_batch_begins_at_the_initial_offsets(tmp_path: Path) -> None:
    """Its predecessor is not in the offset log but in the source's own file."""
    folder = folder_of(tmp_path / "c", [{"0": 4}], committed=0, first={"0": 3})
    assert batch_range(folder, 0) == ({"t": {0: 3}}, {"t": {0: 4}})
    assert verdict(folder, {0: 3}) is Verdict.RESUME


@pytest.mark.parametrize("torn", ["offsets/1", "offsets/0", "metadata"])
def test_a_torn_checkpoint_is_set_aside(tmp_path: Path, torn: str) -> None:
    """A full disk or a crash leaves empty files; Spark would refuse to start for ever."""
    folder = folder_of(tmp_path / "c", [{"0": 4}, {"0": 9}], committed=1, first={"0": 0})
    (folder / torn).unlink() if torn == "metadata" else (folder / torn).write_text("")
    assert isinstance(read_offset_log(folder), TornLog)
    assert verdict(folder, {0: 4}) is Verdict.ASIDE


def test_a_folder_without_a_planned_batch_is_set_aside() -> None:
    """Its starting offsets may be older than the ledger."""
    log = OffsetLog(last_planned=None, before=None, after=None, committed=False)
    assert judge_checkpoint(log, {"t": {0: 4}})[0] is Verdict.ASIDE


def test_only_the_newest_two_folders_set_aside_are_kept(tmp_path: Path) -> None:
    """They are for a person who wonders what happened, not an archive."""
    for minute in range(4):
        (tmp_path / "c").mkdir()
        set_aside(tmp_path / "c", NOW + timedelta(minutes=minute))
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [
        "c.aside-20260101T000200000000Z",
        "c.aside-20260101T000300000000Z",
    ]


def test_the_offsets_of_two_sources_are_read_together(tmp_path: Path) -> None:
    """One query may read two topics, each from its own cluster."""
    folder = folder_of(tmp_path / "c", [{"0": 4}], committed=0, first={"0": 3})
    (folder / "sources/1").mkdir()
    (folder / "sources/1/0").write_text("v1\n" + json.dumps({"u": {"0": 7}}))
    with (folder / "offsets/0").open("a") as file:
        file.write("\n" + json.dumps({"u": {"0": 8}}))
    assert batch_range(folder, 0) == (
        {"t": {0: 3}, "u": {0: 7}},
        {"t": {0: 4}, "u": {0: 8}},
    )
