"""Files of the archive: written apart, put into place, named by the manifest last."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from weir.kafka.record import Message
from weir.market.archive_manifest import WRITING, ArchivedFile, Manifest, save, sync_folder
from weir.market.archive_rows import DATASETS, KEY, Seen, rows_of, table_of

LOOK_BACK: Final = timedelta(days=31)
"""The filter repeats what it wrote before a death; a dead letter is sent again within 30 days."""


def seen_of(folder: Path, manifest: Manifest, dataset: str) -> Seen:
    """Which rows are archived already, as far back as one may come again."""
    seen = Seen()
    files = [file for file in manifest.files if file.dataset == dataset]
    newest = max((date.fromisoformat(file.date) for file in files), default=date.min)
    for file in files:
        if date.fromisoformat(file.date) + LOOK_BACK >= newest:
            table = pq.read_table(folder / file.path, columns=list(KEY))
            for key in zip(*(table[name].to_pylist() for name in KEY), strict=True):
                seen.add(key)
    return seen


def write_messages(
    folder: Path,
    manifest: Manifest,
    topic: str,
    messages: list[Message],
    then: Mapping[int, int],
    seen: Seen,
) -> Manifest:
    """Archive these messages; `then`: partition -> next offset. The manifest afterwards.

    Under a crash at any point: the archive is as before, and the same messages come again.
    """
    rows, foreign = rows_of(messages)
    fresh = seen.new(rows)
    number = manifest.number + 1
    files = [
        write_file(folder, DATASETS[topic], day, number, table_of(of_day))
        for day, of_day in _by_day(fresh)
    ]
    after = replace(
        manifest,
        number=number,
        files=tuple(sorted((*manifest.files, *files))),
        next={**manifest.next, topic: {**manifest.next.get(topic, {}), **then}},
        doubles=manifest.doubles + len(rows) - len(fresh),
        foreign=manifest.foreign + foreign,
    )
    save(folder, after)
    return after


def write_file(folder: Path, dataset: str, day: str, number: int, table: pa.Table) -> ArchivedFile:
    """Write one file and put it into its folder, complete."""
    hidden = folder / WRITING / f"{dataset}-{day}-{number:08}.parquet"
    hidden.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, hidden, compression="zstd")
    sync_file(hidden)
    place = folder / dataset / f"date={day}" / f"part-{number:08}.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    hidden.rename(place)
    sync_folder(place.parent)
    return described(folder, place, dataset, day, table)


def described(folder: Path, place: Path, dataset: str, day: str, table: pa.Table) -> ArchivedFile:
    """What the manifest says of a file."""
    return ArchivedFile(
        path=str(place.relative_to(folder)),
        dataset=dataset,
        date=day,
        rows=len(table),
        bytes=place.stat().st_size,
        ranges=_ranges(table),
    )


def sync_file(file: Path) -> None:
    """What was written reaches the disk."""
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _by_day(rows: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    days: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        days.setdefault(f"{row['written_at']:%Y-%m-%d}", []).append(row)
    yield from sorted(days.items())


def _ranges(table: pa.Table) -> dict[str, list[int]]:
    found = table.group_by("partition").aggregate([("offset", "min"), ("offset", "max")])
    return {
        str(row["partition"]): [row["offset_min"], row["offset_max"]]
        for row in sorted(found.to_pylist(), key=lambda row: row["partition"])
    }
