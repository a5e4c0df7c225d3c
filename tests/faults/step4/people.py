"""Shops that send without pause, and a person who bans, lifts and sets ends at random moments."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import psycopg
from confluent_kafka import KafkaError, Producer

from tests.faults.step4.oracle import Sent, Span, World
from tests.support.bad_products import GOOD
from weir.errors import Unavailable
from weir.kafka.client import kafka_options
from weir.market.ban_rows import list_bans
from weir.market.bans import ban, unban
from weir.market.filtered import Source
from weir.market.rules import Kind, Rule
from weir.ops.lease import Pg
from weir.settings import Settings

T = TypeVar("T")
PRODUCTS = 2_000
FAMILIES = 100


def sku_of(number: int) -> str:
    """Products of one family have article numbers that begin alike."""
    return f"F{number % FAMILIES:02d}-{number:05d}"


def moments(seconds: float, deeds: int, seed: int) -> list[float]:
    """So many random moments within this time, in order."""
    chooser = random.Random(seed)
    return sorted(chooser.uniform(0, seconds) for _ in range(deeds))


class Shops(threading.Thread):
    """Send products at a rate until `stop`; what was sent is in the world when Kafka has it."""

    def __init__(self, settings: Settings, topic: str, world: World, *, rate: int) -> None:
        super().__init__(name="shops", daemon=True)
        self.failure: str | None = None
        self.over = threading.Event()
        self.called: dict[str, int] = {}
        self._topic = topic
        self._world = world
        self._rate = rate
        self._random = random.Random(4)
        options = kafka_options(settings) | {"enable.idempotence": True, "linger.ms": 2}
        self._producer = Producer(options | {"partitioner": "murmur2_random"})

    def run(self) -> None:
        began, number = time.monotonic(), 0
        while not self.over.is_set():
            due = int((time.monotonic() - began) * self._rate)
            while number < due:
                self.send(self._random.randrange(PRODUCTS))
                number += 1
            self._producer.poll(0)
            self.over.wait(0.005)
        self._producer.flush(60)

    def send(self, product: int) -> None:
        """Send one product; remember when `send()` was called."""
        product_id = f"p{product:05d}"
        sku, updated = sku_of(product), datetime.now(UTC).isoformat(timespec="microseconds")
        value = orjson.dumps(GOOD | {"product_id": product_id, "sku": sku, "updated_at": updated})
        called_at = time.time()
        self._producer.produce(
            self._topic,
            value=value,
            key=product_id.encode(),
            on_delivery=lambda error, message: self._delivered(
                error, message, Sent(product_id, sku, called_at)
            ),
        )

    def flush(self) -> None:
        """Wait until Kafka has everything."""
        assert self._producer.flush(60) == 0

    def end(self) -> None:
        """Stop sending; everything is confirmed."""
        self.over.set()
        self.join(90)
        assert self.failure is None, self.failure

    def _delivered(self, error: KafkaError | None, message: Any, sent: Sent) -> None:
        if error is not None:
            self.failure = error.str()
            return
        source = Source(self._topic, message.partition(), message.offset())
        self._world.sent[source] = sent


class Banner:
    """Bans and lifts; each is in the world with its version and the time its commit returned."""

    def __init__(self, connect: Callable[[], Pg], world: World, seed: int = 4) -> None:
        self.deeds = 0
        self._connect = connect
        self._world = world
        self._random = random.Random(seed)
        self._open: dict[Rule, Span] = {}
        self._pause = threading.Event()

    def act(self) -> None:
        """One deed: a new ban, a ban with an end, or a lift."""
        draw = self._random.random()
        lasting = [rule for rule, span in self._open.items() if span.until is None]
        if draw < 0.4 and lasting:
            self.lift(self._random.choice(lasting))
        else:
            rule = self._rule()
            end = 0.5 + 2 * self._random.random() if draw > 0.8 else None
            if rule not in self._open:
                self.ban(rule, seconds=end)

    def ban(self, rule: Rule, *, seconds: float | None = None) -> Span:
        """Ban it, for so long or until somebody lifts it."""
        until = None if seconds is None else time.time() + seconds
        end = None if until is None else datetime.fromtimestamp(until, UTC)
        said = {"reason": "test", "who": "test", "via": "test"}

        def order(connection: Pg) -> float:
            ban(connection, [rule], until=end, **said)
            return time.time()

        span = Span(rule=rule, committed_at=self._patiently(order), until=until)
        self._world.spans.append(span)
        self._open[rule] = span
        self.deeds += 1
        return span

    def lift(self, rule: Rule) -> None:
        """Lift it; from the version of the lift on it may pass."""

        def order(connection: Pg) -> int:
            unban(connection, [rule], reason="test", who="test", via="test")
            return list_bans(connection, history=True, rule=rule, limit=1)[0].version

        self._open.pop(rule).lifted_version = self._patiently(order)
        self.deeds += 1

    def _patiently(self, order: Callable[[Pg], T]) -> T:
        """Give an order again while PostgreSQL is away: done twice is done once."""
        while True:
            try:
                with self._connect() as connection:
                    return order(connection)
            except (Unavailable, psycopg.OperationalError):
                self._pause.wait(0.2)

    def _rule(self) -> Rule:
        number = self._random.randrange(PRODUCTS)
        kind = self._random.choice(list(Kind))
        if kind is Kind.PRODUCT:
            return Rule(kind, f"p{number:05d}")
        if kind is Kind.SKU:
            return Rule(kind, sku_of(number))
        return Rule(kind, sku_of(number)[:4])
