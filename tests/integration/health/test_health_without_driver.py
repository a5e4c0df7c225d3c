"""What is said of a stream that nobody works on: each state from a real fault, agreed in 15 s.

The tests share one stream and go on from each other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.eventually import eventually
from tests.support.health_eyes import Eyes, eyes_on
from tests.support.stores import own_database
from tests.support.stream_specs import wikimedia_spec
from tests.support.topics import fresh_topic
from weir.kafka.producer import ConfirmedProducer
from weir.ops import desired, lease
from weir.platform.layout import Layout
from weir.serving.room.history import Span
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = [pytest.mark.platform, pytest.mark.timeout(300)]

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def eyes(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eyes]:
    """A stream that has counted 10 messages; its topic keeps 12 hours."""
    folder = tmp_path_factory.mktemp("eyes")
    spec = wikimedia_spec(
        topic=fresh_topic(platform, retention_ms=str(12 * HOUR_MS)), health={"behind_seconds": 3}
    )
    with own_database(platform, folder) as settings:
        with connect(settings.dsn_file, application_name="test") as connection:
            lease.ensure_stream(connection, spec.name)
            connection.execute(
                "insert into ops.query_offset (stream, query, topic, partition, next_offset)"
                " values (%s, 'counts', %s, 0, 10)",
                [spec.name, spec.topic],
            )
        with eyes_on(settings, spec, folder) as eyes:
            send(eyes, 10)
            yield eyes


def send(eyes: Eyes, number: int, *, age_ms: int = 0) -> None:
    producer = ConfirmedProducer(eyes.settings)
    for _ in range(number):
        stamp = int(time.time() * 1000) - age_ms
        producer.send(eyes.spec.topic, b"{}", timestamp_ms=stamp)
    producer.flush()


def test_a_wanted_stream_without_a_driver_is_down(eyes: Eyes) -> None:
    """Nobody else would say so."""
    eyes.agree_on("down", "WeirStreamDead", within_seconds=30)


def test_a_parked_stream_raises_no_alarm(eyes: Eyes) -> None:
    """Somebody wanted it so."""
    with connect(eyes.settings.dsn_file, application_name="test") as connection:
        desired.want_drained(connection, eyes.spec.name, "test", "a test wants it")
    eyes.agree_on("parked", None, within_seconds=15)


def test_while_kafka_stands_still_the_lag_is_unknown(eyes: Eyes) -> None:
    """An unknown lag must not look like none."""
    run = Layout(eyes.settings).home / "run"
    broker = psutil.Process(int((run / "kafka.pid").read_text()))
    broker.suspend()
    try:
        eventually(
            lambda: (eyes.page(), eyes.metric()),
            lambda said: "unknown" in said[0] and "unknown" in said[1],
            within_seconds=15,
        )
        assert "unknown" in eyes.cli()
        assert eyes.value("weir_stream_lag_messages") is None
    finally:
        broker.resume()
    eyes.agree_on("parked", None, within_seconds=60)


def test_a_parked_stream_warns_before_kafka_deletes_what_waits(eyes: Eyes) -> None:
    """With messages and time left, while there is time."""
    send(eyes, 6, age_ms=9 * HOUR_MS)
    eyes.agree_on("retention_danger", "WeirStreamNearRetention", within_seconds=15)
    left = eyes.value("weir_stream_retention_left_seconds")
    assert left == pytest.approx(3 * 3600, abs=120)
    assert eyes.value("weir_stream_lag_messages") == 6
    words = eyes.room.closely(eyes.spec.name, Span.HALF_HOUR).findings[0].words
    assert words.startswith(f"6 messages of {eyes.spec.topic} wait; Kafka deletes the oldest in ")


def test_what_kafka_deleted_before_it_was_counted_is_lost(eyes: Eyes) -> None:
    """The worst of all; it must never pass in silence."""
    admin = AdminClient({"bootstrap.servers": eyes.settings.bootstrap})
    for future in admin.delete_records([TopicPartition(eyes.spec.topic, 0, 14)]).values():
        future.result()
    eyes.agree_on("lost", "WeirStreamLost", within_seconds=15)
    assert eyes.value("weir_stream_lost_messages") == 4
