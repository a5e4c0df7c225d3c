"""Bounded reading on a real broker: what a range holds, and where it ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Producer, TopicPartition

from tests.support.topics import fresh_topic
from weir.errors import ContractError, SettingError, Unavailable
from weir.kafka.client import admin_client, kafka_options
from weir.kafka.offsets import end_offsets, first_offsets, offsets_at
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import follow, read_last, read_range, read_since
from weir.kafka.record import Message
from weir.settings import Settings

pytestmark = pytest.mark.platform


def publish(settings: Settings, topic: str, *values: bytes, first_ms: int = 1_000) -> None:
    producer = ConfirmedProducer(settings)
    for index, value in enumerate(values):
        producer.send(topic, value, timestamp_ms=first_ms + index)
    producer.flush()


def transaction(settings: Settings, topic: str, *values: bytes) -> Producer:
    """A producer with an open transaction that holds the values."""
    producer = Producer(kafka_options(settings, transactional_id=f"{topic}-writer"))
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value=value)
    producer.flush(30)
    return producer


def values(messages: Iterator[Message]) -> list[bytes | None]:
    return [message.value for message in messages]


def test_a_range_is_start_to_end_without_the_end(platform: Settings) -> None:
    """Offsets in the ledger are 'next' offsets: the end belongs to the next range."""
    topic = fresh_topic(platform)
    publish(platform, topic, b"0", b"1", b"2", b"3")
    assert values(read_range(platform, topic, {0: 1}, {0: 3})) == [b"1", b"2"]
    assert values(read_range(platform, topic, {0: 3}, {0: 3})) == []
    assert values(read_range(platform, topic)) == [b"0", b"1", b"2", b"3"]


def test_partitions_that_are_not_named_are_not_read(platform: Settings) -> None:
    """A range of one partition must not wait for the others."""
    topic = fresh_topic(platform, partitions=3)
    producer = ConfirmedProducer(platform)
    for index in range(60):
        producer.send(topic, b"%d" % index, key=b"%d" % index)
    producer.flush()
    ends = end_offsets(platform, topic)
    assert sum(ends.values()) == 60
    only = list(read_range(platform, topic, None, {1: ends[1]}))
    assert [(message.partition, message.offset) for message in only] == [
        (1, offset) for offset in range(ends[1])
    ]


def test_an_empty_topic_ends_at_once(platform: Settings) -> None:
    """The first start of every reader."""
    topic = fresh_topic(platform, partitions=2)
    assert values(read_range(platform, topic)) == []
    assert end_offsets(platform, topic) == {0: 0, 1: 0}


def test_a_topic_that_was_just_created_has_its_ends(platform: Settings) -> None:
    """For a moment some of its partitions have no leader; that is no Kafka that hangs."""
    for _ in range(20):
        topic = fresh_topic(platform, partitions=12)
        assert end_offsets(platform, topic) == dict.fromkeys(range(12), 0)


def test_a_range_that_ends_in_control_records_ends(platform: Settings) -> None:
    """Commit and abort markers take offsets that no reader ever sees."""
    topic = fresh_topic(platform)
    producer = transaction(platform, topic, b"a", b"b")
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, value=b"never")
    producer.flush(30)
    producer.abort_transaction(30)
    assert end_offsets(platform, topic) == {0: 5}  # a b commit never abort
    assert values(read_range(platform, topic)) == [b"a", b"b"]
    assert values(read_range(platform, topic, {0: 2}, {0: 5})) == []
    publish(platform, topic, b"after")
    assert values(read_range(platform, topic, {0: 2}, {0: 3})) == []
    assert values(read_range(platform, topic, {0: 1}, {0: 5})) == [b"b"]


def test_what_is_not_committed_is_not_read(platform: Settings) -> None:
    """Counting an open transaction would count what may never have happened."""
    topic = fresh_topic(platform)
    publish(platform, topic, b"before")
    producer = transaction(platform, topic, b"open")
    assert end_offsets(platform, topic) == {0: 1}
    assert end_offsets(platform, topic, "read_uncommitted") == {0: 2}
    assert values(read_range(platform, topic)) == [b"before"]
    assert values(read_range(platform, topic, isolation="read_uncommitted")) == [b"before", b"open"]
    producer.abort_transaction(30)


def test_a_range_into_an_open_transaction_is_refused_not_cut_short(platform: Settings) -> None:
    """A short answer that looks whole is a loss nobody sees."""
    topic = fresh_topic(platform)
    producer = transaction(platform, topic, b"open", b"too")
    with pytest.raises(Unavailable, match=r"offsets 0\.\.1 cannot be read yet"):
        values(read_range(platform, topic, {0: 0}, {0: 2}, stall_seconds=0.5))
    producer.abort_transaction(30)


def test_a_range_into_an_open_transaction_goes_on_when_it_ends(platform: Settings) -> None:
    """A collector that was killed leaves one for a moment; its successor ends it."""
    topic = fresh_topic(platform)
    producer = transaction(platform, topic, b"late")
    ticks = itertools.count()

    def clock() -> float:
        """Ends the transaction while the reader waits."""
        if next(ticks) == 3:
            producer.commit_transaction(30)
        return 0.0

    assert values(read_range(platform, topic, {0: 0}, {0: 1}, clock=clock)) == [b"late"]


def test_deleted_offsets_are_named(platform: Settings) -> None:
    """Going on from the oldest kept message instead would be silent data loss."""
    topic = fresh_topic(platform)
    publish(platform, topic, b"0", b"1", b"2")
    admin = admin_client(platform)
    for answer in admin.delete_records([TopicPartition(topic, 0, 2)]).values():
        answer.result()
    assert first_offsets(platform, topic) == {0: 2}
    with pytest.raises(ContractError, match=r"offsets 0\.\.1 are deleted"):
        values(read_range(platform, topic, {0: 0}, {0: 3}))
    assert values(read_range(platform, topic, {0: 1}, {0: 1})) == []
    assert values(read_range(platform, topic)) == [b"2"]


def test_an_unknown_topic_is_named(platform: Settings) -> None:
    """Auto-creation is off; reading a misspelt topic must not look empty."""
    with pytest.raises(SettingError, match="no-such-topic"):
        values(read_range(platform, "no-such-topic"))


def test_reading_since_a_time_leaves_nothing_out_when_times_go_back(platform: Settings) -> None:
    """The collector rebuilds its dedupe set from here: one id too few is a double later."""
    topic = fresh_topic(platform)
    publish(platform, topic, b"old", first_ms=1_000)
    publish(platform, topic, b"new", first_ms=9_000)
    publish(platform, topic, b"late", first_ms=2_000)
    publish(platform, topic, b"newer", first_ms=9_500)
    assert offsets_at(platform, topic, 8_000) == {0: 1}
    assert values(read_since(platform, topic, 8_000)) == [b"new", b"late", b"newer"]
    assert values(read_since(platform, topic, 99_000)) == []
    assert values(read_since(platform, topic, 0)) == [b"old", b"new", b"late", b"newer"]


def test_the_last_record_of_a_key_is_found_behind_many_others(platform: Settings) -> None:
    """A progress topic of a busy publisher is long; its reader looks back from the end."""
    topic = fresh_topic(platform)
    producer = ConfirmedProducer(platform)
    producer.send(topic, b"first", key=b"mine")
    producer.send(topic, b"second", key=b"mine")
    for index in range(4_000):
        producer.send(topic, b"%d" % index, key=b"other")
    producer.flush()
    last = read_last(platform, topic, b"mine")
    assert last is not None
    assert (last.value, last.offset) == (b"second", 1)
    assert read_last(platform, topic, b"nobody") is None
    assert read_last(platform, fresh_topic(platform), b"mine") is None


def test_following_goes_on_with_what_comes_later(platform: Settings) -> None:
    """`weir topics tail` shows the message that is sent after it was started."""
    topic = fresh_topic(platform)
    publish(platform, topic, b"0", b"1")
    with closing(follow(platform, topic, {0: 1})) as messages:  # type: ignore[type-var]
        assert next(messages).value == b"1"
        publish(platform, topic, b"2")
        assert next(messages).value == b"2"
