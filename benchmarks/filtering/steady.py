"""From `send()` of a shop to the moment a reader has the product, at a steady rate."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.filtering.backlog import id_of, is_allowed, message
from weir.kafka.client import kafka_options
from weir.kafka.offsets import end_offsets
from weir.settings import Settings

GRACE_SECONDS = 30.0


class Reader(threading.Thread):
    """Notes when each product could be read for the first time."""

    def __init__(self, settings: Settings, topic: str) -> None:
        super().__init__(name="reader", daemon=True)
        self.seen: dict[bytes, float] = {}
        self.over = threading.Event()
        self._consumer = Consumer(
            kafka_options(
                settings, group_id="unused", enable_auto_commit=False, fetch_wait_max_ms=5
            )
        )
        ends = end_offsets(settings, topic)
        self._consumer.assign([TopicPartition(topic, p, end) for p, end in ends.items()])

    def run(self) -> None:
        while not self.over.is_set():
            for found in self._consumer.consume(1000, 0.01):
                if found.error() is None and found.value() is not None:
                    self.seen.setdefault(found.key(), time.time())
        self._consumer.close()


def steady(
    settings: Settings, topic: str, out: str, *, rate: int, seconds: float, warm_seconds: float
) -> dict[str, Any]:
    """Send at the rate; quantiles of what was sent after `warm_seconds`, in milliseconds."""
    reader = Reader(settings, out)
    reader.start()
    producer = Producer(kafka_options(settings) | {"linger.ms": 2})
    sent: dict[bytes, float] = {}
    began = time.time()
    for number in range(int(rate * (seconds + warm_seconds))):
        reader.over.wait(max(0.0, began + number / rate - time.time()))
        key = id_of(number).encode()
        value = message(number)
        sent[key] = time.time()
        producer.produce(topic, value=value, key=key)
        producer.poll(0)
    producer.flush(60)
    expected = {id_of(n).encode() for n in range(len(sent)) if is_allowed(n)}
    deadline = time.time() + GRACE_SECONDS
    while len(reader.seen) < len(expected) and time.time() < deadline:
        reader.over.wait(0.1)
    reader.over.set()
    reader.join()
    delays = sorted(
        at - sent[key] for key, at in reader.seen.items() if sent[key] > began + warm_seconds
    )
    cuts = statistics.quantiles(delays, n=100)
    return {
        "products_per_second": rate,
        "products": len(delays),
        "missing": len(expected - reader.seen.keys()),
        "banned_and_passed": len(reader.seen.keys() - expected),
        "p50_ms": round(1000 * cuts[49]),
        "p95_ms": round(1000 * cuts[94]),
        "p99_ms": round(1000 * cuts[98]),
        "max_ms": round(1000 * delays[-1]),
    }
