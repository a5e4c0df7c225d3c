"""Sends products into the shops' topic, as any shop may; each is confirmed by Kafka.

Under a crash: at least once, in the order of the calls; a product that comes twice is one product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import orjson

from weir.clock import Clock, Monotonic, monotonic, utc_now
from weir.contracts.product import product_json
from weir.errors import SettingError
from weir.kafka.producer import Publisher
from weir.market.generator import changes, products
from weir.market.offers_file import Offer

FLUSH_SECONDS: Final = 1.0
"""A slow shop confirms what it has sent this often; a quick one fills batches."""

Wait = Callable[[float], bool]
"""Waits so many seconds; true when it shall end."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One record on its way; no value: the product is taken away."""

    product_id: str
    value: bytes | None


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What Kafka confirmed."""

    records: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.records / self.seconds if self.seconds else 0.0

    def __add__(self, other: Sent) -> Sent:
        return Sent(records=self.records + other.records, seconds=self.seconds + other.seconds)


@dataclass
class Pace:
    """At most so many a second; None: as quick as it goes. An idle second is not made up for."""

    per_second: float | None
    clock: Monotonic = monotonic
    _next: float = 0.0

    def seconds_to_wait(self) -> float:
        """Until the next may go; called once for each."""
        if self.per_second is None:
            return 0.0
        now = self.clock()
        due = max(self._next, now - 1.0) if self._next else now
        self._next = due + 1.0 / self.per_second
        return max(0.0, due - now)


def sendings_of(offers: Iterable[Offer], stamp: Clock | None = utc_now) -> Iterator[Sending]:
    """The offers with everything their shops wrote. `stamp` gives updated_at; None keeps it."""
    for offer in offers:
        message = offer.message
        if stamp is not None:
            message = message | {"updated_at": written(stamp())}
        yield Sending(offer.product.product_id, orjson.dumps(message))


def withdrawals(product_ids: Iterable[str]) -> Iterator[Sending]:
    """Tombstones."""
    return (Sending(product_id, None) for product_id in product_ids)


def generated(
    shops: int, products_each: int, *, seed: int = 1, stamp: Clock = utc_now
) -> Iterator[Sending]:
    """Sample products of so many sample shops, shop by shop."""
    for shop in range(seed, seed + shops):
        for product in products(products_each, seed=shop):
            fresh = replace(product, updated_at=stamp())
            yield Sending(product.product_id, product_json(fresh))


def unending(
    offers: list[Offer], *, seed: int, gone_share: float = 0.02, stamp: Clock = utc_now
) -> Iterator[Sending]:
    """What a living shop says after it has sent its catalogue; without end."""
    messages = {offer.product.product_id: offer.message for offer in offers}
    for change in changes([o.product for o in offers], seed=seed, gone_share=gone_share):
        if change.product is None:
            yield Sending(change.product_id, None)
            continue
        moved = {"price": str(change.product.price), "stock": change.product.stock}
        message = messages[change.product_id] | moved | {"updated_at": written(stamp())}
        yield Sending(change.product_id, orjson.dumps(message))


def send_all(
    publisher: Publisher,
    topic: str,
    sendings: Iterable[Sending],
    *,
    pace: Pace,
    wait: Wait,
    told: Callable[[int], None] = lambda _: None,
    clock: Monotonic = monotonic,
) -> Sent:
    """Send until there is no more, or until `wait` says so; what Kafka confirmed.

    `told` is given the number sent so far, now and then. Raises PublishError that names a product.
    """
    began = flushed = clock()
    confirmed = 0
    for sent, sending in enumerate(sendings):
        pause = pace.seconds_to_wait()
        if pause > 0 or sent % 1000 == 0:
            if clock() - flushed + pause >= FLUSH_SECONDS:
                confirmed += publisher.flush()
                flushed = clock()
                told(confirmed)
            if wait(pause):
                break
        publisher.send(topic, sending.value, key=sending.product_id.encode())
    confirmed += publisher.flush()
    return Sent(records=confirmed, seconds=clock() - began)


def written(at: datetime) -> str:
    """A time as the contract writes it."""
    if at.tzinfo is None:
        raise SettingError(f"{at} has no zone")
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
