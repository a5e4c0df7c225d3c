"""The archive's files: complete or absent, each message of a shop once."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from weir.errors import ContractError
from weir.kafka.record import Message
from weir.market import archive_compact, archive_manifest
from weir.market.archive_compact import compact
from weir.market.archive_manifest import Manifest, load, settle
from weir.market.archive_rows import rows_of
from weir.market.archive_write import seen_of, write_messages
from weir.market.filtered import (
    EVENTS,
    PRODUCTS,
    Change,
    Mark,
    Source,
    Version,
    event_json,
    headers_of,
)

NIGHT = 1_800_057_590_000  # ten seconds before midnight, unix ms
PRODUCT = (
    '{"v":1,"product_id":"p1","sku":"S-1","shop":"Север","name":"Часы","category":"Электроника",'
    '"price":%s,"currency":"RUB","updated_at":"2027-01-15T08:00:30Z"}'
)


def message(
    offset: int,
    change: Change = Change.ALLOWED,
    *,
    source: int | None = None,
    topic: str = PRODUCTS,
    at_ms: int = NIGHT,
    ban_version: int = 1,
    price: str = '"100.50"',
) -> Message:
    source = offset if source is None else source
    mark = Mark(
        change, Source("shop-products", 2, source), Version(NIGHT * 1000, source, ban_version, 1)
    )
    value: bytes | None = (PRODUCT % price).encode()
    if topic == EVENTS:
        rule = ("sku", "S-1", 5)
        value = event_json(
            change=change,
            product_id="p1",
            sku="S-1",
            shop="Север",
            rule=rule,
            reason="recalled",
            product=PRODUCT % price,
        )
    elif change is not Change.ALLOWED and change is not Change.READMITTED:
        value = None
    return Message(topic, 0, offset, b"p1", value, headers_of(mark), at_ms)


class Archive:
    """An archive in a folder, written without Kafka."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, *messages: Message) -> Manifest:
        """One run."""
        manifest = load(self.folder)
        settle(self.folder, manifest)
        topic = messages[0].topic
        dataset = "products" if topic == PRODUCTS else "events"
        seen = seen_of(self.folder, manifest, dataset)
        then = {0: messages[-1].offset + 1}
        return write_messages(self.folder, manifest, topic, list(messages), then, seen)

    def rows(self, dataset: str = "products") -> list[tuple[str, int]]:
        """(change, source offset) of each row, as any reader of the folder finds them."""
        found = []
        for path in sorted(self.folder.glob(f"{dataset}/date=*/*.parquet")):
            table = pq.read_table(path, columns=["change", "src_offset"])
            found += [(row["change"], row["src_offset"]) for row in table.to_pylist()]
        return sorted(found)

    def paths(self) -> list[str]:
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*.parquet"))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_a_message_is_archived_as_it_was_and_in_columns(archive: Archive):
    """Who reads it later needs no JSON, and can still see every byte."""
    archive.write(message(7, price="1999.9"))
    (path,) = archive.folder.glob("products/date=2027-01-15/*.parquet")
    (row,) = pq.read_table(path).to_pylist()
    assert row.pop("payload") == PRODUCT % "1999.9"
    row.pop("date", None)
    assert row == {
        "change": "allowed",
        "product_id": "p1",
        "sku": "S-1",
        "shop": "Север",
        "name": "Часы",
        "category": "Электроника",
        "brand": None,
        "currency": "RUB",
        "price": Decimal("1999.90"),
        "updated_at": datetime(2027, 1, 15, 23, 59, 50, tzinfo=UTC),
        "written_at": datetime(2027, 1, 15, 23, 59, 50, tzinfo=UTC),
        "reason": None,
        "ban_version": 1,
        "epoch": 1,
        "src_topic": "shop-products",
        "src_partition": 2,
        "src_offset": 7,
        "topic": PRODUCTS,
        "partition": 0,
        "offset": 7,
    }


def test_an_event_keeps_the_reason_and_the_product(archive: Archive):
    """Shops ask why."""
    archive.write(message(3, Change.BLOCKED, topic=EVENTS))
    (path,) = archive.folder.glob("events/*/*.parquet")
    (row,) = pq.read_table(path).to_pylist()
    assert (row["reason"], row["category"], row["price"]) == (
        "recalled",
        "Электроника",
        Decimal("100.50"),
    )


def test_each_day_has_a_folder_of_its_own(archive: Archive):
    """By the clock of UTC."""
    archive.write(message(1), message(2, at_ms=NIGHT + 10_000))
    assert archive.paths() == [
        "products/date=2027-01-15/part-00000001.parquet",
        "products/date=2027-01-16/part-00000001.parquet",
    ]


def test_what_the_filter_wrote_twice_is_archived_once(archive: Archive):
    """Also when an hour, or a day, lies between the two."""
    archive.write(message(1), message(2, source=1), message(3))
    manifest = archive.write(message(4, source=3, at_ms=NIGHT + 10_000), message(5))
    assert archive.rows() == [("allowed", 1), ("allowed", 3), ("allowed", 5)]
    assert manifest.doubles == 2


def test_a_second_retraction_of_a_product_is_another_event(archive: Archive):
    """It was let go between them."""
    first = {"source": 9, "topic": EVENTS}
    archive.write(message(1, Change.RETRACTED, **first), message(2, Change.READMITTED, **first))
    archive.write(
        message(3, Change.RETRACTED, **first),
        message(4, Change.RETRACTED, **first, ban_version=3),
    )
    assert archive.rows("events") == [("readmitted", 9), ("retracted", 9), ("retracted", 9)]


def test_tombstones_that_an_event_explains_are_left_out():
    """Else each retraction would be there twice."""
    rows, foreign = rows_of(
        [
            message(1, Change.BLOCKED),
            message(2, Change.RETRACTED),
            message(3, Change.DELETED),
            message(4)._replace(headers=()),
            message(5)._replace(value=b"[1"),
        ]
    )
    assert [row["change"] for row in rows] == ["deleted"]
    assert foreign == 2


class Died(Exception):
    """Stands in for a kill: nothing after it happens."""


def die(*_: Any, **__: Any) -> None:
    raise Died


def write_half(_: Any, out: Any, **__: Any) -> None:
    out.write('{"version')
    raise Died


@pytest.mark.parametrize("where", ["save", "sync_folder", "rows_of"])
def test_a_run_that_dies_leaves_the_archive_as_it_was(archive, monkeypatch, where: str):
    """The next run archives the same messages, once."""
    archive.write(message(1))
    with monkeypatch.context() as patch:
        patch.setattr(f"weir.market.archive_write.{where}", die)
        with pytest.raises(Died):
            archive.write(message(2), message(3, at_ms=NIGHT + 10_000))
    assert load(archive.folder).next == {PRODUCTS: {0: 2}}
    settle(archive.folder, load(archive.folder))
    assert archive.rows() == [("allowed", 1)]
    archive.write(message(2), message(3))
    assert archive.rows() == [("allowed", 1), ("allowed", 2), ("allowed", 3)]


def test_a_manifest_is_never_half_written(archive: Archive, monkeypatch):
    """It is the one file that decides."""
    archive.write(message(1))
    with monkeypatch.context() as patch:
        patch.setattr(archive_manifest.json, "dump", write_half)
        with pytest.raises(Died):
            archive.write(message(2))
    assert load(archive.folder).next == {PRODUCTS: {0: 2}}


def test_the_files_of_a_past_day_become_one(archive: Archive):
    """Twenty-four small files a day are slow to read."""
    for offset in (1, 2, 3):
        archive.write(message(offset))
    archive.write(message(4, at_ms=NIGHT + 10_000))
    before = archive.rows()
    manifest = compact(archive.folder, load(archive.folder), date(2027, 1, 16))
    assert archive.rows() == before
    assert archive.paths() == [
        "products/date=2027-01-15/part-00000005.parquet",
        "products/date=2027-01-16/part-00000004.parquet",
    ]
    (file,) = manifest.of("products", "2027-01-15")
    assert (file.rows, file.ranges) == (3, {"0": [1, 3]})
    assert load(archive.folder) == manifest
    assert compact(archive.folder, manifest, date(2027, 1, 16)) == manifest


@pytest.mark.parametrize(
    "dies",
    [
        lambda patch: patch.setattr(archive_compact, "merge", die),
        lambda patch: patch.setattr(archive_compact, "save", die),
        lambda patch: patch.setattr(archive_compact.shutil, "rmtree", die),
        lambda patch: patch.setattr(Path, "rename", second_time(Path.rename)),
    ],
    ids=["while merging", "before the manifest", "before tidying up", "between the renamings"],
)
def test_a_compaction_that_dies_loses_and_doubles_nothing(archive, monkeypatch, dies):
    """At each of its steps; the next run tidies up."""
    archive.write(message(1))
    archive.write(message(2))
    with monkeypatch.context() as patch:
        dies(patch)
        with pytest.raises(Died):
            compact(archive.folder, load(archive.folder), date(2027, 1, 16))
    settle(archive.folder, load(archive.folder))
    assert archive.rows() == [("allowed", 1), ("allowed", 2)]
    assert list(archive.folder.glob("*/.*")) == []
    compact(archive.folder, load(archive.folder), date(2027, 1, 16))
    assert archive.rows() == [("allowed", 1), ("allowed", 2)]
    assert len(archive.paths()) == 1


def second_time(rename: Any) -> Any:
    """The first renaming works, the second is never reached."""
    calls: list[Path] = []

    def renamed(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == 2:
            raise Died
        return rename(path, target)

    return renamed


def test_a_file_that_is_missing_stops_the_next_run(archive: Archive):
    """Going on would hide the loss."""
    archive.write(message(1))
    shutil.rmtree(archive.folder / "products")
    with pytest.raises(ContractError, match="1 files of the archive are missing"):
        archive.write(message(2))
