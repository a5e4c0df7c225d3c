"""A whole collector in this process: a real server on loopback, Kafka in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from tests.support.eventually import eventually
from weir.clock import utc_now
from weir.kafka.memory import MemoryLog, MemoryTransactionalPublisher
from weir.kafka.record import Message, Record
from weir.sources.wikimedia.client import WikimediaClient
from weir.sources.wikimedia.collector import Collector, rebuild_memory, restore
from weir.sources.wikimedia.dedupe import RecentIds
from weir.sources.wikimedia.frames import FrameQueue
from weir.sources.wikimedia.heartbeat import LetterBox
from weir.sources.wikimedia.intake import Intake
from weir.sources.wikimedia.reader import Reader
from weir.sources.wikimedia.status import Status

TOPIC = "events"


class Run:
    """One life of a collector over `log`; `die` leaves it like kill -9 between transactions."""

    def __init__(self, log: MemoryLog, url: str, mode: str = "sample") -> None:
        self.log = log
        self.publisher = MemoryTransactionalPublisher(log, "wikimedia")
        self.status = Status(clock=utc_now, started_at=utc_now())
        self.letters = LetterBox()
        positions = restore(self.publisher.start(), mode)
        intake = Intake(
            topic=TOPIC,
            mode=mode,
            limit_bytes=self.publisher.limit_bytes(TOPIC),
            positions=positions,
            recent=RecentIds(),
            status=self.status,
            clock=utc_now,
        )
        rebuild_memory(intake, self._since)
        frames = FrameQueue()
        reader = Reader(
            client=WikimediaClient(url, "TestBot/1 (test@example.org)", idle_seconds=5),
            frames=frames,
            positions=positions,
            status=self.status,
            clock=utc_now,
            fraction=lambda: 0.01,
        )
        self.collector = Collector(
            publisher=self.publisher,
            intake=intake,
            frames=frames,
            reader=reader,
            status=self.status,
            letters=self.letters,
            read_since=self._since,
        )

    def until(self, count: int) -> None:
        """Run in a thread until the topic holds `count` records."""
        stop, failures = threading.Event(), []

        def work() -> None:
            try:
                self.collector.run(stop)
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            eventually(
                lambda: len(self.log.of(TOPIC)),
                lambda found: found >= count or bool(failures),
                every_seconds=0.02,
            )
        finally:
            stop.set()
            thread.join(20)
        if failures:
            raise failures[0]

    def _since(self, timestamp_ms: int) -> Iterator[Message]:
        for number, record in enumerate(self.log.of(TOPIC)):
            if (record.timestamp_ms or 0) >= timestamp_ms:
                yield message_of(record, number)


def message_of(record: Record, offset: int) -> Message:
    return Message(
        record.topic, 0, offset, record.key, record.value, record.headers, record.timestamp_ms
    )


def published_ids(log: MemoryLog) -> list[str]:
    return [dict(record.headers)["id"].decode() for record in log.of(TOPIC)]
