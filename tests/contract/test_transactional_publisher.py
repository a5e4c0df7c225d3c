"""One suite over the transactional publisher in memory and the one on Kafka."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.topics import create_topic, fresh_topic
from weir.errors import PublishError
from weir.kafka.memory import MemoryLog, MemoryTransactionalPublisher
from weir.kafka.reader import read_range
from weir.kafka.record import Record, size_in_bytes
from weir.kafka.transactional import CursorPublisher, TooLarge, TransactionalPublisher

LIMIT_BYTES = 50_000


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`open()` gives another publisher of the same name, as a new process would have."""

    open: Callable[[], CursorPublisher]
    topic: str
    values: Callable[[], list[bytes | None]]

    def record(self, value: bytes) -> Record:
        return Record(topic=self.topic, value=value, key=b"k")


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.platform)])
def stage(request: pytest.FixtureRequest) -> Stage:
    name = f"crier-{uuid.uuid4().hex[:8]}"
    if request.param == "memory":
        log = MemoryLog(limits={"news": LIMIT_BYTES})
        return Stage(
            open=lambda: MemoryTransactionalPublisher(log, name),
            topic="news",
            values=lambda: [record.value for record in log.of("news")],
        )
    settings = request.getfixturevalue("platform")
    create_topic(settings, f"{name}.progress", cleanup_policy="compact")
    topic = fresh_topic(settings, max_message_bytes=str(LIMIT_BYTES))
    return Stage(
        open=lambda: TransactionalPublisher(settings, name),
        topic=topic,
        values=lambda: [message.value for message in read_range(settings, topic)],
    )


def test_the_first_start_finds_no_cursor(stage: Stage) -> None:
    """A collector then begins at its source's present, not at a made-up place."""
    assert stage.open().start() is None


def test_records_and_their_cursor_appear_together_and_the_next_start_finds_it(
    stage: Stage,
) -> None:
    """This is what makes a collector exactly once: the cursor cannot be ahead or behind."""
    publisher = stage.open()
    publisher.start()
    publisher.commit([stage.record(b"a"), stage.record(b"b")], {"seen": 2})
    publisher.commit([stage.record(b"c")], {"seen": 3, "name": "é"})
    assert stage.values() == [b"a", b"b", b"c"]
    assert publisher.confirmed == 3
    assert stage.open().start() == {"seen": 3, "name": "é"}


def test_a_cursor_moves_without_records(stage: Stage) -> None:
    """An idle source with only canaries still has a position worth keeping."""
    publisher = stage.open()
    publisher.start()
    publisher.commit([], {"seen": 0})
    assert stage.open().start() == {"seen": 0}
    assert stage.values() == []


def test_a_newer_publisher_of_the_name_fences_the_older(stage: Stage) -> None:
    """A paused process that wakes up must not publish what its successor already did."""
    older, newer = stage.open(), stage.open()
    older.start()
    older.commit([stage.record(b"old")], {"seen": 1})
    assert newer.start() == {"seen": 1}
    with pytest.raises(PublishError, match="another collector with the same name took over"):
        older.commit([stage.record(b"zombie")], {"seen": 99})
    newer.commit([stage.record(b"new")], {"seen": 2})
    assert stage.values() == [b"old", b"new"]
    assert stage.open().start() == {"seen": 2}


def test_a_publisher_is_started_once(stage: Stage) -> None:
    """The library refuses a second time, in words that sound as if Kafka were away."""
    publisher = stage.open()
    publisher.start()
    with pytest.raises(PublishError, match="was started before"):
        publisher.start()


def test_a_look_at_the_cursor_fences_nobody(stage: Stage) -> None:
    """Who then decides not to start must not have stopped the one that works."""
    working = stage.open()
    assert working.peek() is None
    working.start()
    working.commit([stage.record(b"a")], {"seen": 1})
    assert stage.open().peek() == {"seen": 1}
    working.commit([stage.record(b"b")], {"seen": 2})
    assert stage.values() == [b"a", b"b"]


def test_a_record_too_large_for_its_topic_is_named_and_nothing_is_sent(stage: Stage) -> None:
    """The caller makes that one a dead letter and commits the others."""
    publisher = stage.open()
    publisher.start()
    huge = stage.record(b"x" * LIMIT_BYTES)
    with pytest.raises(TooLarge) as refused:
        publisher.commit([stage.record(b"a"), huge], {"seen": 2})
    assert (refused.value.index, refused.value.record) == (1, huge)
    assert refused.value.limit_bytes == publisher.limit_bytes(stage.topic) == LIMIT_BYTES
    publisher.commit([stage.record(b"a")], {"seen": 2})
    assert stage.values() == [b"a"]


def test_a_record_as_large_as_its_topic_allows_passes(stage: Stage) -> None:
    """The size rule must not refuse what Kafka takes for want of a few bytes."""
    publisher = stage.open()
    publisher.start()
    overhead = size_in_bytes(stage.record(b""))
    incompressible = random.Random(1).randbytes(LIMIT_BYTES - overhead)
    record = stage.record(incompressible)
    publisher.commit([record], {"seen": 1})
    assert stage.values() == [record.value]


def test_a_publisher_that_was_not_started_publishes_nothing(stage: Stage) -> None:
    """Without the start it knows no cursor and fences nobody."""
    with pytest.raises(PublishError, match="not started"):
        stage.open().commit([stage.record(b"a")], {"seen": 1})
    assert stage.values() == []


def test_after_a_failure_the_publisher_is_unusable(stage: Stage) -> None:
    """Whether the failed commit took place is unknown; only the next start can tell."""
    older = stage.open()
    older.start()
    stage.open().start()
    with pytest.raises(PublishError):
        older.commit([stage.record(b"a")], {"seen": 1})
    with pytest.raises(PublishError, match="failed before"):
        older.commit([stage.record(b"a")], {"seen": 1})
    assert stage.values() == []
