"""One suite over the publisher in memory and the one on Kafka."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.topics import fresh_topic
from weir.errors import PublishError
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.kafka.producer import ConfirmedProducer, Publisher
from weir.kafka.reader import read_range
from weir.kafka.record import Record

LIMIT_BYTES = 50_000


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A publisher, a topic with a small limit, and what a reader of the topic sees."""

    publisher: Publisher
    topic: str
    read: Callable[[], list[Record]]


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.platform)])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "memory":
        log = MemoryLog(limits={"news": LIMIT_BYTES})
        return Stage(publisher=MemoryPublisher(log), topic="news", read=lambda: log.of("news"))
    settings = request.getfixturevalue("platform")
    topic = fresh_topic(settings, max_message_bytes=str(LIMIT_BYTES))

    def read() -> list[Record]:
        return [
            Record(
                topic=topic,
                value=message.value,
                key=message.key,
                headers=message.headers,
                timestamp_ms=message.timestamp_ms,
            )
            for message in read_range(settings, topic)
        ]

    return Stage(publisher=ConfirmedProducer(settings), topic=topic, read=read)


def test_what_is_flushed_is_readable_as_it_was_sent(stage: Stage) -> None:
    """Key, headers and time stamp carry meaning for readers; a tombstone is not an empty value."""
    headers = (("id", b"1"), ("id", b"2"), ("none", None))
    stage.publisher.send(stage.topic, b"a", key=b"k", headers=headers, timestamp_ms=1_000)
    stage.publisher.send(stage.topic, None, key=b"k", timestamp_ms=2_000)
    stage.publisher.send(stage.topic, b"", timestamp_ms=3_000)
    assert stage.publisher.flush() == 3
    assert stage.read() == [
        Record(topic=stage.topic, value=b"a", key=b"k", headers=headers, timestamp_ms=1_000),
        Record(topic=stage.topic, value=None, key=b"k", timestamp_ms=2_000),
        Record(topic=stage.topic, value=b"", timestamp_ms=3_000),
    ]


def test_a_flush_counts_what_was_sent_since_the_one_before(stage: Stage) -> None:
    """A caller reports acknowledged messages, never attempted ones."""
    stage.publisher.send(stage.topic, b"a")
    assert stage.publisher.flush() == 1
    assert stage.publisher.flush() == 0
    for value in (b"b", b"c"):
        stage.publisher.send(stage.topic, value)
    assert stage.publisher.flush() == 2
    assert stage.publisher.confirmed == 3


def test_one_refused_message_fails_the_flush_and_all_that_follows(stage: Stage) -> None:
    """A green run with one lost message is the worst outcome there is."""
    incompressible = random.Random(1).randbytes(LIMIT_BYTES + 1)
    stage.publisher.send(stage.topic, incompressible)
    with pytest.raises(PublishError, match="too large"):
        stage.publisher.flush()
    with pytest.raises(PublishError):
        stage.publisher.send(stage.topic, b"after")
    with pytest.raises(PublishError):
        stage.publisher.flush()
    assert stage.read() == []
