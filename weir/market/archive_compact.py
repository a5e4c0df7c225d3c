"""Many small files of a day become one, which takes their place in one step."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weir.market.archive_manifest import ArchivedFile, Manifest, save, sync_folder
from weir.market.archive_rows import SCHEMA
from weir.market.archive_write import sync_file


def compact(folder: Path, manifest: Manifest, before: date) -> Manifest:
    """Compact each folder of a day before `before` that holds more than one file.

    A reader that lists the folder sees the old files or the new one, never both: whole folders
    are exchanged. Under a crash at any point `settle` brings the old or the new one back.
    """
    folders = sorted({(file.dataset, file.date) for file in manifest.files})
    for dataset, day in folders:
        files = manifest.of(dataset, day)
        if date.fromisoformat(day) < before and len(files) > 1:
            manifest = compact_day(folder, manifest, files)
    return manifest


def compact_day(folder: Path, manifest: Manifest, files: list[ArchivedFile]) -> Manifest:
    """One file in the place of these, which are all of one day. The manifest afterwards."""
    dataset, day = files[0].dataset, files[0].date
    present = folder / dataset / f"date={day}"
    fresh, aside = present.with_name(f".date={day}.new"), present.with_name(f".date={day}.old")
    fresh.mkdir(parents=True)
    name = f"part-{manifest.number + 1:08}.parquet"
    rows = merge([folder / file.path for file in files], fresh / name)
    sync_folder(fresh)
    present.rename(aside)
    fresh.rename(present)
    sync_folder(present.parent)
    after = manifest.replaced(
        files,
        ArchivedFile(
            path=str((present / name).relative_to(folder)),
            dataset=dataset,
            date=day,
            rows=rows,
            bytes=(present / name).stat().st_size,
            ranges=joined(files),
        ),
    )
    save(folder, after)
    shutil.rmtree(aside)
    return after


def merge(sources: list[Path], target: Path) -> int:
    """Write all rows of the sources into one file, one after the other; how many."""
    rows = 0
    with pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        for source in sources:
            table: pa.Table = pq.read_table(source, schema=SCHEMA)
            writer.write_table(table)
            rows += len(table)
    sync_file(target)
    return rows


def joined(files: list[ArchivedFile]) -> dict[str, list[int]]:
    """The ranges of all files together."""
    found: dict[str, list[int]] = {}
    for file in files:
        for partition, (first, last) in file.ranges.items():
            low, high = found.get(partition, [first, last])
            found[partition] = [min(low, first), max(high, last)]
    return found
