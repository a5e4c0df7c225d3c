"""Each state of health comes from a real fault, and all who look agree within 15 s.

The tests share one stream and go on from each other, because a driver takes seconds to start.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.counting_stream import CountingStream, counting_stream, wikimedia_event
from tests.support.eventually import eventually
from tests.support.health_eyes import Eyes, eyes_on
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.ops.launch import kill_driver
from weir.settings import Settings

pytestmark = [pytest.mark.long, pytest.mark.step2, pytest.mark.platform, pytest.mark.timeout(900)]

LIMITS = {"behind_seconds": 3, "stalled_seconds": 6, "looping_restarts": 2, "silent_seconds": 5}


@pytest.fixture(scope="module")
def stream(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CountingStream]:
    """A stream with short limits and a probe every two seconds."""
    folder = tmp_path_factory.mktemp("health")
    changes = {"health": LIMITS, "probe_seconds": 2, "restarts": {"max": 9, "within_minutes": 10}}
    with counting_stream(platform, folder, cached=False, **changes) as stream:
        yield stream


@pytest.fixture(scope="module")
def eyes(stream: CountingStream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eyes]:
    with eyes_on(stream.settings, stream.spec, tmp_path_factory.mktemp("eyes")) as eyes:
        yield eyes


def send(stream: CountingStream, number: int, *, age_ms: int = 0) -> None:
    """Send messages whose time stamps in Kafka are this old; all are expected to count."""
    producer = ConfirmedProducer(stream.settings)
    stamp = int(time.time() * 1000) - age_ms
    for i in range(number):
        domain = f"d{i % 9}.example"
        value = wikimedia_event(domain)
        producer.send(stream.spec.topic, value, key=domain.encode(), timestamp_ms=stamp)
        for measure, counts in enumerate((1, 1, 0)):
            stream.expected[domain, measure] += counts
    producer.flush()


def positions(stream: CountingStream) -> dict[int, int]:
    with stream.connection() as connection:
        rows = connection.execute(
            "select partition, next_offset from ops.query_offset where stream = %s",
            [stream.spec.name],
        ).fetchall()
    return dict(rows)


def group_offsets(stream: CountingStream) -> dict[int, int]:
    """What an ordinary lag tool sees."""
    name = stream.spec.name
    consumer = Consumer({"bootstrap.servers": stream.settings.bootstrap, "group.id": name})
    places = [TopicPartition(stream.spec.topic, p) for p in range(3)]
    found = {place.partition: place.offset for place in consumer.committed(places, timeout=10)}
    consumer.close()
    return found


def test_a_stream_that_counts_is_healthy(stream: CountingStream, eyes: Eyes) -> None:
    """Nobody may be woken by a stream that is well."""
    stream.start()
    send(stream, 300)
    stream.wait_until_counted()
    eyes.agree_on("healthy", None, within_seconds=30)


def test_a_probe_times_the_way_and_is_not_counted(stream: CountingStream, eyes: Eyes) -> None:
    """End to end, also while no source sends anything."""
    way = eventually(
        lambda: eyes.value("weir_stream_probe_seconds"),
        lambda seconds: seconds is not None,
        every_seconds=1,
    )
    assert way < 60
    assert eyes.value("weir_stream_probe_age_seconds") < 60
    assert stream.totals() == stream.expected_totals()
    settings, topic = stream.settings, stream.spec.topic
    assert len(list(read_range(settings, topic))) == 300
    assert len(list(read_range(settings, topic, probes=True))) > 300


def test_the_group_named_as_the_stream_follows_the_ledger(stream: CountingStream) -> None:
    """Ordinary lag tools must work."""
    eventually(
        lambda: (group_offsets(stream), positions(stream)),
        lambda seen: seen[0] == seen[1],
        every_seconds=0.2,
    )


def test_input_without_the_end_of_a_batch_is_a_standstill(
    stream: CountingStream, eyes: Eyes
) -> None:
    """The driver lives, beats, and counts nothing."""
    with stream.batch_held():
        send(stream, 30)
        stream.wait_until_held()
        eyes.agree_on("stalled", "WeirStreamStalled", within_seconds=60)
        assert "behind" in eyes.cli()
    stream.wait_until_counted()
    eyes.agree_on("healthy", None, within_seconds=60)


def test_a_driver_that_dies_twice_is_looping(stream: CountingStream, eyes: Eyes) -> None:
    """Spark starts it again for ever; a person must know."""
    for _ in range(2):
        epoch = stream.lease().epoch
        stream.signal_driver(stream.token, signal.SIGKILL, "jvm")
        stream.wait_for_epoch(epoch + 1)
    eyes.agree_on("looping", "WeirStreamRestarting", within_seconds=30)
    assert eyes.value("weir_stream_restarts") == 2


def test_a_stream_whose_driver_is_gone_is_down(stream: CountingStream, eyes: Eyes) -> None:
    """Killed on the master, so nothing starts it again."""
    kill_driver(stream.settings, stream.submitted[-1])
    eventually(eyes.cli, lambda said: "down" in said, within_seconds=60, every_seconds=1)
    eventually(
        lambda: (eyes.page(), eyes.metric(), eyes.alerts()),
        lambda said: "down" in said[0] and "down" in said[1] and "WeirStreamDead" in said[2],
        within_seconds=15,
    )


def test_what_waits_while_it_is_stopped_is_behind_until_it_is_counted(
    stream: CountingStream, eyes: Eyes
) -> None:
    """A minute of waiting messages, and a driver that has just begun."""
    with stream.connection() as connection:
        connection.execute("update ops.stream_start set unclean = false")  # the loop is over
    send(stream, 90, age_ms=60_000)
    stream.start()
    with stream.batch_held():
        stream.wait_until_held()
        eventually(eyes.cli, lambda said: said[0] in ("behind", "stalled"), within_seconds=15)
        eventually(eyes.metric, lambda said: "behind" in said, within_seconds=15)
        eventually(eyes.alerts, lambda said: "WeirStreamBehind" in said, within_seconds=15)
    stream.wait_until_counted()
    eyes.agree_on("healthy", None, within_seconds=60)


def test_a_stream_that_would_lose_messages_stops_itself(stream: CountingStream, eyes: Eyes) -> None:
    """Going on would hide the loss; the reason is in the words."""
    stream.drain()
    send(stream, 60)
    admin = AdminClient({"bootstrap.servers": stream.settings.bootstrap})
    places = [TopicPartition(stream.spec.topic, p, o + 2) for p, o in positions(stream).items()]
    for future in admin.delete_records(places).values():
        future.result()
    stream.start()
    eventually(eyes.cli, lambda said: "failed" in said, within_seconds=240, every_seconds=2)
    eventually(
        lambda: (eyes.page(), eyes.metric(), eyes.alerts()),
        lambda said: "failed" in said[0] and "failed" in said[1] and "WeirStreamFailed" in said[2],
        within_seconds=15,
    )
