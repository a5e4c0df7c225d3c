"""Publishers without a broker, for tests of what publishes. One contract suite holds for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from weir.errors import PublishError
from weir.kafka.declared import progress_of
from weir.kafka.record import Headers, Record, size_in_bytes
from weir.kafka.transactional import Cursor, TooLarge, fenced, started_before

DEFAULT_LIMIT_BYTES: Final = 1_048_588


class MemoryLog:
    """What a `read_committed` reader sees, in order, and who may still write."""

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        self.records: list[Record] = []
        self.limits = dict(limits or {})
        self.owners: dict[str, object] = {}

    def of(self, topic: str) -> list[Record]:
        """The readable records of one topic."""
        return [record for record in self.records if record.topic == topic]

    def limit_bytes(self, topic: str) -> int:
        """Largest record that the topic takes."""
        return self.limits.get(topic, DEFAULT_LIMIT_BYTES)


class MemoryPublisher:
    """A `Publisher`. Set `failure` to make everything unconfirmed fail with it."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.confirmed = 0
        self.failure: str | None = None
        self._waiting: list[Record] = []

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        timestamp_ms: int | None = None,
    ) -> None:
        """Queue one message. Raises PublishError once anything has failed."""
        self._raise_failure()
        record = Record(
            topic=topic, value=value, key=key, headers=headers, timestamp_ms=timestamp_ms
        )
        if size_in_bytes(record) > self.log.limit_bytes(topic):
            self.failure = f"{topic}: message too large"
        self._waiting.append(record)

    def flush(self) -> int:
        """Make the queued messages readable; return how many."""
        self._raise_failure()
        flushed, self._waiting = self._waiting, []
        self.log.records.extend(flushed)
        self.confirmed += len(flushed)
        return len(flushed)

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise PublishError(self.failure)


class MemoryTransactionalPublisher:
    """A `CursorPublisher`. Set `failure` to make the next commit fail and leave nothing."""

    def __init__(self, log: MemoryLog, name: str) -> None:
        self.name = name
        self.log = log
        self.confirmed = 0
        self.failure: str | None = None
        self._started = False
        self._usable = False

    def start(self) -> Cursor | None:
        """Fence older publishers of this name; return the last committed cursor. Once."""
        if self._started:
            raise started_before(self.name)
        self._started = True
        self.log.owners[self.name] = self
        self._usable = True
        return self.peek()

    def peek(self) -> Cursor | None:
        """The last committed cursor, without fencing anybody."""
        markers = self.log.of(progress_of(self.name))
        return orjson.loads(markers[-1].value or b"null") if markers else None

    def limit_bytes(self, topic: str) -> int:
        """Largest record that the topic takes."""
        return self.log.limit_bytes(topic)

    def commit(self, records: Sequence[Record], cursor: Mapping[str, Any]) -> None:
        """Make all records and the cursor readable, or nothing."""
        if not self._usable:
            raise PublishError(f"publisher {self.name} is not started, or failed before")
        for index, record in enumerate(records):
            if size_in_bytes(record) > self.limit_bytes(record.topic):
                raise TooLarge(record, index, self.limit_bytes(record.topic))
        self._usable = False
        if self.failure is not None:
            raise PublishError(self.failure)
        if self.log.owners.get(self.name) is not self:
            raise fenced(self.name)
        marker = Record(
            topic=progress_of(self.name), key=self.name.encode(), value=orjson.dumps(dict(cursor))
        )
        self.log.records.extend((*records, marker))
        self.confirmed += len(records)
        self._usable = True
