"""Lag by time on a real Kafka: backlog, commit markers, deleted records, other topics."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.eventually import eventually
from tests.support.topics import fresh_topic
from weir.errors import Unavailable
from weir.kafka.reader import read_range
from weir.ops.lag import NOTHING_WAITS, TopicSeen
from weir.ops.lag_reads import LagReader, measure_lags
from weir.settings import Settings

pytestmark = pytest.mark.platform

NOW_MS = 1000 * int(time.time())


def send(platform: Settings, topic: str, stamps: dict[int, list[int]], **options: str) -> None:
    """Messages with these time stamps, per partition; in one transaction if it is named."""
    producer = Producer({"bootstrap.servers": platform.bootstrap, "linger.ms": 0, **options})
    if options:
        producer.init_transactions(10)
        producer.begin_transaction()
    for partition, times in stamps.items():
        for at in times:
            producer.produce(topic, value=b"x" * 500, partition=partition, timestamp=at)
    if options:
        producer.commit_transaction(10)
    assert producer.flush(20) == 0


def look(platform: Settings, topic: str, positions: dict[int, int]) -> TopicSeen:
    reader = LagReader(platform, answer_seconds=10)
    seen = reader.fetch({topic: positions})[topic]
    reader.close()
    return seen


def test_each_partition_says_how_old_its_first_uncounted_message_is(platform: Settings) -> None:
    """Also beside a neighbour with far more to read than one answer holds."""
    topic = fresh_topic(platform, partitions=3, retention_ms=str(7200_000))
    old = [NOW_MS - 60_000 + i for i in range(5000)]
    send(platform, topic, {0: old, 1: [NOW_MS - 9000, NOW_MS - 5000], 2: [NOW_MS]})
    seen = look(platform, topic, {0: 100, 1: 1, 2: 1})
    assert seen.retention_seconds == 7200
    assert {p: s.waiting_since for p, s in seen.partitions.items()} == {
        0: (NOW_MS - 60_000 + 100) / 1000,
        1: (NOW_MS - 5000) / 1000,
        2: NOTHING_WAITS,
    }


def test_a_commit_marker_behind_the_last_message_is_not_waiting(platform: Settings) -> None:
    """Collectors write transactions; their markers take offsets that hold no message."""
    topic = fresh_topic(platform)
    send(platform, topic, {0: [NOW_MS]}, **{"transactional.id": topic})
    # The marker is written a moment after the commit was confirmed.
    seen = eventually(
        lambda: look(platform, topic, {0: 1}).partitions[0], lambda found: found.end == 2
    )
    assert seen.waiting_since == NOTHING_WAITS


def test_what_was_deleted_is_lost_and_the_next_message_waits(platform: Settings) -> None:
    """The time left is that of what is still there."""
    topic = fresh_topic(platform)
    send(platform, topic, {0: [NOW_MS - 50_000, NOW_MS - 40_000, NOW_MS - 30_000]})
    admin = AdminClient({"bootstrap.servers": platform.bootstrap})
    for future in admin.delete_records([TopicPartition(topic, 0, 2)]).values():
        future.result()
    reader = LagReader(platform, answer_seconds=10)
    (lag,) = measure_lags(reader, {("s", "q"): {topic: {0: 1}}}).by_stream["s"]
    reader.close()
    assert (lag.lost, lag.messages) == (1, 1)
    assert lag.seconds == pytest.approx(time.time() - NOW_MS / 1000 + 30, abs=5)


def test_a_compacted_topic_and_one_that_is_missing_have_no_time_left(platform: Settings) -> None:
    """Nothing is deleted by age there."""
    topic = fresh_topic(platform, cleanup_policy="compact")
    reader = LagReader(platform, answer_seconds=10)
    seen = reader.fetch({topic: {0: 0}, "no-such-topic": {0: 0}})
    reader.close()
    assert {name: found.retention_seconds for name, found in seen.items()} == {topic: None}


def test_kafka_away_is_said_and_nothing_is_guessed(platform: Settings) -> None:
    """An unknown lag is not zero."""
    away = platform.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    reader = LagReader(away, answer_seconds=1)
    with pytest.raises(Unavailable):
        reader.fetch({"t": {0: 0}})
    lags = measure_lags(reader, {("s", "q"): {"t": {0: 0}}})
    assert lags.of("s") is None
    assert "Kafka does not answer" in str(lags.trouble)


def test_probes_are_left_out_of_a_range_unless_asked_for(platform: Settings) -> None:
    """Who counts or compares messages must not meet them."""
    topic = fresh_topic(platform)
    producer = Producer({"bootstrap.servers": platform.bootstrap})
    for key in (b"a", b"weir.probe:s:1", b"b"):
        producer.produce(topic, value=b"v", key=key)
    producer.flush()
    assert [m.key for m in read_range(platform, topic)] == [b"a", b"b"]
    assert len(list(read_range(platform, topic, probes=True))) == 3
