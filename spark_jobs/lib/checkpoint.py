"""Does a checkpoint folder agree with the ledger? If not, the ledger wins.

The jobs keep no state in Spark, so a checkpoint only remembers which offsets were planned.
A folder that is torn, older or of other offsets is set aside and a new one starts where the
ledger stands: nothing is lost and nothing is counted twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

Offsets = Mapping[str, Mapping[int, int]]  # topic -> partition -> next offset

KEEP_ASIDE = 2


class Verdict(StrEnum):
    """What to do with a checkpoint folder."""

    FRESH = "fresh"
    RESUME = "resume"
    ASIDE = "aside"


@dataclass(frozen=True, kw_only=True)
class OffsetLog:
    """What a checkpoint says: the newest planned batch, what lies before it, and if it is done."""

    last_planned: int | None
    before: Offsets | None
    after: Offsets | None
    committed: bool


class TornLog(Exception):
    """A file of the checkpoint cannot be read as what it should be."""


def judge_checkpoint(log: OffsetLog | TornLog | None, ledger: Offsets) -> tuple[Verdict, str]:
    """Resume where the next batch is one that the ledger expects or has; else set aside."""
    if log is None:
        return Verdict.FRESH, "there is no checkpoint"
    if isinstance(log, TornLog):
        return Verdict.ASIDE, f"the checkpoint is torn: {log}"
    if log.last_planned is None:
        return Verdict.ASIDE, "the checkpoint has no planned batch"
    if log.after == ledger:
        return Verdict.RESUME, f"batch {log.last_planned} is the last one counted"
    if log.before == ledger and not log.committed:
        return Verdict.RESUME, f"batch {log.last_planned} was planned and not counted"
    return Verdict.ASIDE, f"batch {log.last_planned} is not next to what the ledger says"


def read_offset_log(folder: Path) -> OffsetLog | TornLog | None:
    """Read a checkpoint folder; None when there is none."""
    if not folder.exists() or not any(folder.iterdir()):
        return None
    if not (folder / "metadata").exists():
        return TornLog("metadata is missing")
    planned, done = _batches(folder / "offsets"), _batches(folder / "commits")
    last = max(planned, default=None)
    if last is None:
        return OffsetLog(last_planned=None, before=None, after=None, committed=False)
    try:
        before, after = batch_range(folder, last)
    except TornLog as error:
        return error
    return OffsetLog(last_planned=last, before=before, after=after, committed=last in done)


def batch_range(folder: Path, batch_id: int) -> tuple[Offsets, Offsets]:
    """Where a planned batch begins and ends, as Spark wrote it. Raises TornLog."""
    after = parse_offsets(folder / "offsets" / str(batch_id))
    if batch_id > 0:
        before = parse_offsets(folder / "offsets" / str(batch_id - 1))
    else:
        before = {
            topic: offsets
            for source in sorted((folder / "sources").glob("*/0"))
            for topic, offsets in parse_offsets(source).items()
        }
    # A partition that the topic gained since begins at its first offset.
    return {t: {p: before.get(t, {}).get(p, 0) for p in ps} for t, ps in after.items()}, after


def parse_offsets(file: Path) -> Offsets:
    """The offsets in one log file, of all sources together. Raises TornLog.

    A version, in the log also an object of metadata, then a line per source. No two sources read
    one topic.
    """
    try:
        heads = 2 if file.parent.name == "offsets" else 1
        sources = [json.loads(line) for line in file.read_text().splitlines()[heads:]]
        topics = {t: ps for body in sources for t, ps in body.items()}
        if not topics:
            raise ValueError("it holds no offsets")
        return {t: {int(p): int(o) for p, o in ps.items()} for t, ps in topics.items()}
    except (OSError, IndexError, ValueError, AttributeError) as error:
        raise TornLog(f"{file.parent.name}/{file.name}: {error}") from error


def set_aside(folder: Path, now_utc: datetime) -> Path:
    """Rename the folder out of the way and keep the newest few of its kind."""
    target = folder.with_name(f"{folder.name}.aside-{now_utc:%Y%m%dT%H%M%S%fZ}")
    folder.rename(target)
    kept = sorted(folder.parent.glob(f"{folder.name}.aside-*"))
    for old in kept[:-KEEP_ASIDE]:
        shutil.rmtree(old)
    return target


def _batches(folder: Path) -> set[int]:
    if not folder.exists():
        return set()
    return {int(file.name) for file in folder.iterdir() if file.name.isdigit()}
