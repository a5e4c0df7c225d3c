"""The filter's batches in this process: local Spark and a real PostgreSQL, Kafka in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.lib import topics_batch
from spark_jobs.lib.control import Control
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.topics import Begun
from spark_jobs.market_banned_filter import batch as module
from spark_jobs.market_banned_filter.batch import FilterBatch
from spark_jobs.market_banned_filter.schema import QUERY
from tests.support.bans import BanDesk
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.kafka.record import Message, Record
from weir.market.filtered import Change, read_mark
from weir.ops import lease, ledger
from weir.ops.driver_file import DriverFile
from weir.ops.streams import FilterSpec, find_stream

SCHEMA = "topic STRING, partition INT, offset BIGINT, timestamp TIMESTAMP, key BINARY, value BINARY"
Pair = tuple[bytes | None, bytes | None]


class LocalBatch(FilterBatch):
    """Reads and publishes in memory; everything else is as shipped."""

    log: MemoryLog
    source: list[Message]

    def _read(
        self, topic: str, start: Mapping[int, int], end: Mapping[int, int]
    ) -> Iterator[Message]:
        return (m for m in self.source if start.get(0, 0) <= m.offset < end.get(0, 0))

    def _publish(self) -> Any:
        return MemoryPublisher(self.log)

    def _ends(self) -> dict[str, dict[int, int]]:
        return {}


class LocalFilter:
    """One driver: each `filters` is one micro-batch."""

    def __init__(
        self, spark: SparkSession, desk: BanDesk, folder: Path, patch: pytest.MonkeyPatch
    ) -> None:
        declared = find_stream("market_banned_filter")
        assert isinstance(declared, FilterSpec)
        self.spec = declared.model_copy(update={"name": f"filter_{uuid.uuid4().hex[:8]}"})
        self.desk = desk
        self.log = MemoryLog()
        self.source: list[Message] = []
        self.asked = 0
        self.writes = 0
        self._spark = spark
        self._folder = folder
        self._number = -1
        lease.ensure_stream(desk.pg, self.spec.name)
        for topic in (self.spec.topic, self.spec.bans_topic):
            place = ledger.Place(stream=self.spec.name, query=QUERY, topic=topic)
            ledger.begin_offsets(desk.pg, place, {0: 0})
        patch.setattr(module, "write", self._write)
        patch.setattr(topics_batch, "batch_range", lambda _folder, _number: self._range)
        self._range: Any = None
        self.batch = self.driver()

    def driver(self) -> LocalBatch:
        """A new driver of the stream, which takes the lease."""
        seen = lease.fetch_lease(self.desk.pg, self.spec.name)
        epoch = lease.acquire(self.desk.pg, seen, owner="test:1", token=uuid.uuid4().hex)
        assert epoch is not None
        driver = Driver(
            file=DriverFile(settings=self.desk.settings, spec=self.spec, checkpoints=self._folder),
            epoch=epoch,
            control=Control(),
            application_name=lease.application_name(self.spec.name, epoch),
        )
        topics = (self.spec.topic, self.spec.bans_topic)
        begun = Begun(
            stands={topic: {0: 0} for topic in topics},
            incarnations=dict.fromkeys(topics, ""),
            folder=self._folder,
        )
        found = LocalBatch(driver, begun, {})
        found.log, found.source = self.log, self.source
        return found

    def filters(self, *pairs: Pair, asked: bool = False) -> list[tuple[str, Change]]:
        """One batch of these messages; what it wrote, as (product, change)."""
        before = len(self.changes())
        frame = self.plan(*pairs, asked=asked)
        self._number += 1
        self.batch(frame, self._number)
        return self.changes()[before:]

    def again(self) -> int:
        """The newest batch once more, as after a lost checkpoint; how much it wrote."""
        before = len(self.log.records)
        self.batch(self.frame(self.source), self._number)
        return len(self.log.records) - before

    def plan(self, *pairs: Pair, asked: bool = False) -> DataFrame:
        """Fix the offsets of a batch, as Spark does before it calls anybody."""
        first = len(self.source)
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        for offset, (key, value) in enumerate(pairs, first):
            self.source.append(Message(self.spec.topic, 0, offset, key, value, (), now_ms))
        begins = {self.spec.topic: {0: first}, self.spec.bans_topic: {0: self.asked}}
        self.asked += asked
        ends = {self.spec.topic: {0: len(self.source)}, self.spec.bans_topic: {0: self.asked}}
        self._range = (begins, ends)
        return self.frame(self.source[first:])

    def frame(self, messages: list[Message]) -> DataFrame:
        rows = [
            (
                m.topic,
                m.partition,
                m.offset,
                datetime.fromtimestamp((m.timestamp_ms or 0) / 1000, UTC),
                None if m.key is None else bytearray(m.key),
                None if m.value is None else bytearray(m.value),
            )
            for m in messages
        ]
        return self._spark.createDataFrame(rows, SCHEMA)

    def changes(self) -> list[tuple[str, Change]]:
        """(product, change) of every record in filtered-products, in the order of writing."""
        found = []
        for record in self.log.of(self.spec.products_topic):
            mark = read_mark(record.headers)
            assert mark is not None
            found.append(((record.key or b"").decode(), mark.change))
        return found

    def _write(self, records: DataFrame, _options: object) -> None:
        self.writes += 1
        for row in records.collect():
            headers = tuple((each["key"], bytes(each["value"])) for each in row["headers"])
            value = None if row["value"] is None else bytes(row["value"])
            self.log.records.append(
                Record(topic=row["topic"], key=bytes(row["key"]), value=value, headers=headers)
            )
