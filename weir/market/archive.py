"""The archive of the marketplace: what the filter said, as Parquet by date.

`<home>/archive/market/{products,events}/date=2026-11-22/part-….parquet`, and `manifest.json`.
Complete or absent: a run that dies leaves what there was. Each message of a shop is in it once,
though the filter writes at least once. A run goes on where the last one ended.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

from weir.errors import Unavailable
from weir.kafka.offsets import end_offsets, first_offsets, offsets_at
from weir.kafka.reader import read_range
from weir.market.archive_compact import compact
from weir.market.archive_manifest import Gap, Manifest, load, save, settle
from weir.market.archive_rows import DATASETS, Seen
from weir.market.archive_write import seen_of, write_messages
from weir.platform.layout import Layout
from weir.settings import Settings
from weir.store.postgres import connect

ARCHIVE: Final = "market"
MESSAGES: Final = 100_000
"""In one step, and so at most in one file: bounds the memory."""

BEGIN: Final = """
    insert into market.archive_run (archive, began_at) values (%s, clock_timestamp())
    on conflict (archive) do update set began_at = excluded.began_at, ended_at = null
"""
END: Final = """
    update market.archive_run set ended_at = clock_timestamp(), succeeded_at = clock_timestamp(),
      rows = %s, error = null, error_at = null where archive = %s
"""
FAIL: Final = """
    update market.archive_run set ended_at = clock_timestamp(), error = %s,
      error_at = clock_timestamp() where archive = %s
"""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What one run archived."""

    rows: int
    files: int
    doubles: int
    gaps: int


def folder_of(settings: Settings) -> Path:
    """Where the archive is."""
    return Layout(settings).home / "archive" / ARCHIVE


def archive(settings: Settings, *, until_ms: int | None = None) -> Done:
    """Archive what the filter wrote before `until_ms` (unix; None: all that is there now).

    Doing it again archives nothing. How it went is noted in `market.archive_run`. Raises
    Unavailable (Kafka or PostgreSQL is away, another run is at work), ContractError.
    """
    with connect(settings.dsn_file, application_name="weir:archive") as connection:
        connection.execute(BEGIN, [ARCHIVE])
        try:
            with alone(folder_of(settings)) as folder:
                done = _archive(settings, folder, until_ms)
        except Exception as error:
            connection.execute(FAIL, [str(error).splitlines()[0][:500], ARCHIVE])
            raise
        connection.execute(END, [done.rows, ARCHIVE])
    return done


def compact_days(settings: Settings, before: date) -> int:
    """Make one file of the many of each day before; how many files are gone."""
    with alone(folder_of(settings)) as folder:
        manifest = load(folder)
        settle(folder, manifest)
        return len(manifest.files) - len(compact(folder, manifest, before).files)


@contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """The archive's folder, for one run at a time. Raises Unavailable."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable(
                "another run is at work in the archive", "wait for its end: it archives the same"
            ) from error
        yield folder


def _archive(settings: Settings, folder: Path, until_ms: int | None) -> Done:
    manifest = before = load(folder)
    settle(folder, manifest)
    for topic, dataset in DATASETS.items():
        ends = end_offsets(settings, topic)
        if until_ms is not None:
            ends = offsets_at(settings, topic, until_ms)
        manifest = begin(folder, manifest, topic, first_offsets(settings, topic))
        starts = manifest.next[topic]
        if any(starts.get(p, 0) < end for p, end in ends.items()):
            seen = seen_of(folder, manifest, dataset)
            manifest = _archive_topic(settings, folder, manifest, topic, ends, seen)
    return Done(
        rows=rows_in(manifest) - rows_in(before),
        files=len(manifest.files) - len(before.files),
        doubles=manifest.doubles - before.doubles,
        gaps=len(manifest.gaps) - len(before.gaps),
    )


def begin(folder: Path, manifest: Manifest, topic: str, first: dict[int, int]) -> Manifest:
    """Where each partition goes on; what Kafka has deleted meanwhile is a gap, noted for ever."""
    known = manifest.next.get(topic, {})
    gaps = tuple(
        Gap(topic=topic, partition=p, start=known[p], end=offset)
        for p, offset in sorted(first.items())
        if p in known and known[p] < offset
    )
    places = {p: max(offset, known.get(p, offset)) for p, offset in first.items()}
    after = replace(manifest, next={**manifest.next, topic: places}, gaps=manifest.gaps + gaps)
    if gaps:
        save(folder, after)
    return after


def rows_in(manifest: Manifest) -> int:
    """How many rows the archive holds."""
    return sum(file.rows for file in manifest.files)


def _archive_topic(
    settings: Settings,
    folder: Path,
    manifest: Manifest,
    topic: str,
    ends: dict[int, int],
    seen: Seen,
) -> Manifest:
    starts = manifest.next[topic]
    messages = read_range(settings, topic, starts, ends)
    while step := list(islice(messages, MESSAGES)):
        then = dict(manifest.next[topic])
        for message in step:
            then[message.partition] = message.offset + 1
        manifest = write_messages(folder, manifest, topic, step, then, seen)
    # Control records and probes at the end take offsets too.
    last = {p: max(end, starts.get(p, 0)) for p, end in ends.items()}
    return write_messages(folder, manifest, topic, [], last, seen)
