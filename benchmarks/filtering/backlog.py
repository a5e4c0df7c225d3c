"""Products that become visible at once, rules that hit one in a hundred, and the plain loop."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from functools import cache

import orjson
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from weir.contracts.product import product_json
from weir.kafka.offsets import end_offsets, partitions_of
from weir.market.generator import products
from weir.market.rules import Kind, Rule
from weir.settings import Settings

PARTITIONS = 4
TEMPLATES = 5_000
HITS = 50
PRODUCING = {
    "linger.ms": 20,
    "batch.size": 262_144,
    "compression.type": "lz4",
    "queue.buffering.max.messages": 200_000,
}


def id_of(number: int) -> str:
    return f"bench-{number:07d}"


def sku_of(number: int) -> str:
    """Of five thousand families fifty are banned: one product in a hundred."""
    return f"A{number % 5_000:04d}-{number:07d}"


@cache
def templates() -> tuple[bytes, ...]:
    """Messages of sample products with places for id and article number."""
    return tuple(
        orjson.dumps(orjson.loads(product_json(one)) | {"product_id": "@ID@", "sku": "@SKU@"})
        for one in products(TEMPLATES)
    )


def message(number: int) -> bytes:
    found = templates()[number % TEMPLATES].replace(b"@ID@", id_of(number).encode())
    return found.replace(b"@SKU@", sku_of(number).encode())


def rules_for(bans: int) -> list[Rule]:
    """The first HITS rules hit one product in a hundred, all others none."""
    hits = [Rule(Kind.SKU_PREFIX, f"A{number:04d}-") for number in range(HITS)]
    rest = max(0, bans - HITS)
    ids = [Rule(Kind.PRODUCT, f"other-{number:07d}") for number in range(rest * 6 // 10)]
    skus = [Rule(Kind.SKU, f"Z{number:07d}") for number in range(rest - len(ids))]
    return [*hits, *ids, *skus]


def is_allowed(number: int) -> bool:
    return number % 5_000 >= HITS


class Backlog:
    """Products in an open Kafka transaction: `show` makes them all readable."""

    def __init__(self, settings: Settings, topic: str, count: int) -> None:
        self.topic = topic
        self.count = count
        self._producer = Producer(
            PRODUCING
            | {
                "bootstrap.servers": settings.bootstrap,
                "transactional.id": f"bench-{uuid.uuid4()}",
                "transaction.timeout.ms": 600_000,
            }
        )
        self._producer.init_transactions()
        self._producer.begin_transaction()
        for number in range(count):
            self._send(id_of(number).encode(), message(number))
        self._producer.flush()

    def show(self) -> None:
        """Commit: from now on a read_committed reader sees everything."""
        self._producer.commit_transaction()

    @property
    def allowed(self) -> int:
        """By plain arithmetic."""
        return sum(map(is_allowed, range(self.count)))

    def _send(self, key: bytes, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(self.topic, value=value, key=key)
                return
            except BufferError:
                self._producer.poll(0.05)


def plain_loop(
    settings: Settings, topic: str, out: str, rules: Sequence[Rule]
) -> tuple[int, float]:
    """Filter as a small script would: no ledger, no check of the message, no list that changes.

    Returns how many passed and the seconds until all are written.
    """
    ids = {rule.value for rule in rules if rule.kind is Kind.PRODUCT}
    skus = {rule.value for rule in rules if rule.kind is Kind.SKU}
    prefixes = {rule.value for rule in rules if rule.kind is Kind.SKU_PREFIX}
    lengths = {len(prefix) for prefix in prefixes}
    producer = Producer(PRODUCING | {"bootstrap.servers": settings.bootstrap})
    began, passed = time.monotonic(), 0
    for key, value in _messages(settings, topic):
        product = orjson.loads(value)
        sku = product["sku"]
        if product["product_id"] in ids or sku in skus:
            continue
        if any(sku[:length] in prefixes for length in lengths):
            continue
        while True:
            try:
                producer.produce(out, value=value, key=key)
                break
            except BufferError:
                producer.poll(0.01)
        passed += 1
    producer.flush()
    return passed, time.monotonic() - began


def written(settings: Settings, topic: str) -> int:
    """How many records a topic without transactions has ever taken."""
    return sum(end_offsets(settings, topic).values())


def count_values(settings: Settings, topic: str) -> int:
    """How many records of a topic have a value."""
    return sum(value is not None for _, value in _messages(settings, topic))


def _messages(settings: Settings, topic: str) -> Iterator[tuple[bytes, bytes]]:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 50,
            "fetch.queue.backoff.ms": 5,
        }
    )
    numbers = partitions_of(settings, topic)
    consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
    left = set(numbers)
    while left:
        for found in consumer.consume(10_000, 0.05):
            error = found.error()
            if error is None:
                yield found.key(), found.value()
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard(found.partition())
            else:
                raise RuntimeError(error.str())
