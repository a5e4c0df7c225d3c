"""The manifest of the archive: which Parquet files belong to it, and up to where they reach.

`manifest.json` is replaced in one step, last of all: what it does not name is no part of the
archive and is removed by the next run. So a run that dies leaves the archive as it was.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from weir.errors import ContractError

NAME: Final = "manifest.json"
WRITING: Final = ".writing"
VERSION: Final = 1


@dataclass(frozen=True, kw_only=True, order=True)
class ArchivedFile:
    """One Parquet file; `path` is relative to the archive. `ranges`: partition -> [first, last]."""

    path: str
    dataset: str
    date: str
    rows: int
    bytes: int
    ranges: Mapping[str, list[int]] = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Offsets that Kafka had deleted before they were archived; `end` is excluded."""

    topic: str
    partition: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What the archive holds. `next`: topic -> partition -> next offset to archive."""

    number: int = 0
    files: tuple[ArchivedFile, ...] = ()
    next: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    doubles: int = 0
    foreign: int = 0
    gaps: tuple[Gap, ...] = ()

    def of(self, dataset: str, date: str) -> list[ArchivedFile]:
        """The files of one folder."""
        return [file for file in self.files if (file.dataset, file.date) == (dataset, date)]

    def replaced(self, old: list[ArchivedFile], new: ArchivedFile) -> Manifest:
        """The same with one file in the place of others."""
        kept = tuple(file for file in self.files if file not in old)
        return replace(self, number=self.number + 1, files=tuple(sorted((*kept, new))))


def load(folder: Path) -> Manifest:
    """The manifest in this folder; an empty one when there is none. Raises ContractError."""
    file = folder / NAME
    if not file.exists():
        return Manifest()
    try:
        found = json.loads(file.read_text())
        if found.pop("version") != VERSION:
            raise ValueError("it is of another version")
        return Manifest(
            number=found["number"],
            files=tuple(ArchivedFile(**each) for each in found["files"]),
            next={
                topic: {int(p): offset for p, offset in parts.items()}
                for topic, parts in found["next"].items()
            },
            doubles=found["doubles"],
            foreign=found["foreign"],
            gaps=tuple(Gap(**each) for each in found["gaps"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(
            f"{file} is not a manifest of the archive: {error}",
            "bring it back from a copy, or move the whole folder away: then the archive begins"
            " anew with what Kafka still has",
        ) from error


def save(folder: Path, manifest: Manifest) -> None:
    """Make this the manifest, complete or not at all."""
    body: dict[str, Any] = {
        "version": VERSION,
        "number": manifest.number,
        "next": manifest.next,
        "doubles": manifest.doubles,
        "foreign": manifest.foreign,
        "gaps": [vars(gap) for gap in manifest.gaps],
        "files": [vars(file) for file in manifest.files],
    }
    fresh = folder / f".{NAME}"
    with fresh.open("w") as out:
        json.dump(body, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(folder / NAME)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Names in a folder reach the disk only with the folder itself."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settle(folder: Path, manifest: Manifest) -> None:
    """Remove what a run that died has left; afterwards the folder holds the manifest's files only.

    Raises ContractError when one of those is missing.
    """
    shutil.rmtree(folder / WRITING, ignore_errors=True)
    for aside in sorted(folder.glob("*/.date=*.old")):
        _bring_back(folder, aside, manifest)
    for unfinished in folder.glob("*/.date=*.new"):
        shutil.rmtree(unfinished)
    wanted = {folder / file.path for file in manifest.files}
    missing = sorted(str(path) for path in wanted if not path.exists())
    if missing:
        raise ContractError(
            f"{len(missing)} files of the archive are missing, such as {missing[0]}",
            "bring them back from a copy; nothing was changed",
        )
    for path in folder.glob("*/date=*/*.parquet"):
        if path not in wanted:
            path.unlink()


def _bring_back(folder: Path, aside: Path, manifest: Manifest) -> None:
    """A compaction died between its two renamings or before the manifest: the old files count."""
    present = aside.with_name(aside.name.removeprefix(".").removesuffix(".old"))
    dataset, date = present.parent.name, present.name.removeprefix("date=")
    wanted = [folder / file.path for file in manifest.of(dataset, date)]
    if not all(path.exists() for path in wanted):
        shutil.rmtree(present, ignore_errors=True)
        aside.rename(present)
    else:
        shutil.rmtree(aside)
