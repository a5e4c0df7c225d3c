"""What shops send in the trial of all numbers: versions in any order, deletions, and bad messages.

Versions count from the three hours before this one, except those that say they are of the future
and those of products that come back. What is ever banned keeps its words and its price band: so
the minute in which the filter took it back, which nobody knows beforehand, is in no sum.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from tests.faults.step4.reckoning import Rule
from tests.support.bad_products import BAD, KEY
from weir.contracts.product import Product, product_json
from weir.market.generator import product

PRODUCTS = 2_000
SEED = 4
HOURS = 3
FUTURE = datetime(2099, 6, 1, tzinfo=UTC)


class Message(NamedTuple):
    """Key and value."""

    key: bytes | None
    value: bytes | None


BROKEN = [*(Message(KEY, value) for value, _ in BAD.values()), Message(None, b"{}")]
"""No fix makes products of these."""


def number(n: int) -> Product:
    return product(n, seed=SEED)


FIRST = (
    Rule("product-id", number(11).product_id),
    Rule("sku", number(12).sku),
    Rule("sku-prefix", number(13).sku[:5]),
)
SECOND = (
    Rule("sku-prefix", number(21).sku[:5]),
    Rule("product-id", number(21).product_id),
    Rule("product-id", number(22).product_id),
    Rule("sku", number(27).sku),
)
LAST = (
    *(Rule("product-id", number(n).product_id) for n in range(40, 46)),
    Rule("sku-prefix", number(50).sku[:5]),
)
LIFTED = (FIRST[1], FIRST[2], SECOND[0])


def is_touched(offer: Product) -> bool:
    """Whether any rule ever bans it."""
    return any(rule.hits(offer.product_id, offer.sku) for rule in (*FIRST, *SECOND, *LAST))


class Assortment:
    """Makes the waves; `hour`: the one that began last. Everything follows from the seed."""

    def __init__(self, hour: datetime, seed: int = 6) -> None:
        self._hour = hour
        self._random = random.Random(seed)
        self._offers = [number(n) for n in range(PRODUCTS)]
        self._said: dict[str, datetime] = {}
        gone = self._offers[7::20]
        self.gone, self.back = gone, gone[::2]
        self.odd = [offer for offer in self._offers[3::100] if not is_touched(offer)]

    def first(self) -> list[Message]:
        """Every product once; some of them odd; bad messages among them."""
        odd = {offer.product_id for offer in self.odd}
        found = [
            self._version(offer, odd=offer.product_id in odd, same_words=True)
            for offer in self._offers
        ]
        return self._shuffled([*found, *BROKEN])

    def is_odd(self, message: Message) -> bool:
        """Whether the filter of yesterday refuses it."""
        return b'"description":"5 ' in (message.value or b"")

    def second(self) -> list[Message]:
        """Newer and older versions of most, some of the future; deletions, and words after them."""
        gone = {offer.product_id for offer in self.gone}
        staying = [offer for offer in self._offers if offer.product_id not in gone]
        chosen = self._random.sample(staying, PRODUCTS * 6 // 10)
        found = [
            self._version(offer) for offer in chosen for _ in range(1 + self._random.randrange(3))
        ]
        found += [self._version(offer, at=FUTURE) for offer in chosen[:40] if not is_touched(offer)]
        found += [Message(offer.product_id.encode(), None) for offer in self.gone]
        found += [Message(f"never-seen-{n}".encode(), None) for n in range(3)]
        late = [self._version(offer) for offer in self.gone[1::2]]
        return [*self._shuffled(found), *late]

    def third(self) -> list[Message]:
        """Half of what was taken away comes back."""
        return [self._version(offer, at=datetime.now(UTC)) for offer in self.back]

    def fourth(self) -> list[Message]:
        """Some more versions."""
        return [self._version(offer) for offer in self._random.sample(self._offers, 300)]

    def _version(
        self,
        offer: Product,
        *,
        at: datetime | None = None,
        odd: bool = False,
        same_words: bool = False,
    ) -> Message:
        draw = self._random
        seconds = draw.randrange(HOURS * 3600 * 10) / 10
        when = at or self._hour - timedelta(hours=HOURS) + timedelta(seconds=seconds)
        if at is None and draw.random() < 0.05:
            when = self._said.get(offer.product_id, when)  # a shop that says a time twice
        self._said[offer.product_id] = when
        found = replace(
            offer,
            updated_at=when,
            stock=draw.randrange(200),
            price=offer.price + Decimal(draw.randrange(90)) / 100,
        )
        if odd:
            found = replace(found, description=f"5 {offer.description}")
        if not same_words and not is_touched(offer):
            found = self._with_other_words(found)
        return Message(found.product_id.encode(), product_json(found))

    def _with_other_words(self, offer: Product) -> Product:
        draw = self._random
        other = self._offers[draw.randrange(PRODUCTS)]
        if draw.random() < 0.3:
            offer = replace(offer, category=other.category, shop=other.shop)
        if draw.random() < 0.3:
            offer = replace(offer, price=other.price, brand=draw.choice([other.brand, None]))
        return replace(offer, currency="USD") if draw.random() < 0.1 else offer

    def _shuffled(self, messages: Iterable[Message]) -> list[Message]:
        found = list(messages)
        self._random.shuffle(found)
        return found
