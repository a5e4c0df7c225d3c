"""A million messages that become visible at once, and the plain loop that counts them."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import orjson
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from weir.kafka.offsets import partitions_of
from weir.settings import Settings

USERS = 1000
SPAN = timedelta(minutes=30)
TEXT = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor"


class Backlog:
    """Messages in an open Kafka transaction: `show` makes them all readable."""

    def __init__(self, settings: Settings, topic: str, messages: int) -> None:
        self.topic = topic
        self.messages = messages
        self.expected: Counter[tuple[str, str]] = Counter()
        self._producer = Producer(
            {
                "bootstrap.servers": settings.bootstrap,
                "transactional.id": f"bench-{uuid.uuid4()}",
                "transaction.timeout.ms": 600_000,
                "linger.ms": 20,
                "compression.type": "lz4",
                "queue.buffering.max.messages": 200_000,
            }
        )
        self._producer.init_transactions()
        self._producer.begin_transaction()
        chooser = random.Random(7)
        start = datetime.now(UTC) - SPAN - timedelta(minutes=5)
        for number in range(messages):
            user = f"user_{chooser.randrange(USERS):04d}"
            moment = (start + SPAN * number / messages).isoformat(timespec="milliseconds")
            self.expected[user, moment[:16]] += 1
            value = (
                f'{{"id":{number:08d},"user":"{user}","ts":"{moment.replace("+00:00", "Z")}",'
                f'"text":"{TEXT}"}}'
            ).replace('"id":0', '"id":1')
            self._send(user.encode(), value.encode())
        self._producer.flush()

    def show(self) -> None:
        """Commit: from now on a read_committed reader sees everything."""
        self._producer.commit_transaction()

    def _send(self, key: bytes, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(self.topic, value=value, key=key)
                return
            except BufferError:
                self._producer.poll(0.05)


def plain_loop(settings: Settings, topic: str) -> tuple[Counter[tuple[str, str]], float]:
    """Count per (user, minute) as a small script would: no ledger, no refusals, no sink.

    Returns the counts and the seconds until the last one; leaving (about 3 s) is not counted.
    """
    began = time.monotonic()
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 50,
            # A second by default whenever 100,000 messages wait: that is a pause, not a speed.
            "fetch.queue.backoff.ms": 5,
        }
    )
    numbers = partitions_of(settings, topic)
    consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
    counts: Counter[tuple[str, str]] = Counter()
    open_partitions = set(numbers)
    while open_partitions:
        for message in consumer.consume(10_000, 0.05):
            error = message.error()
            if error is None:
                event = orjson.loads(message.value())
                counts[event["user"], event["ts"][:16]] += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(message.partition())
            else:
                raise RuntimeError(error.str())
    seconds = time.monotonic() - began
    consumer.close()
    return counts, seconds
