"""Sample products without end: product `n` of a seed is always the same.

Shops and brands are not equally frequent: the first of 320 brands has about an eighth of all
products, the hundredth a thousandth. Two of three products are described in Russian. A record
has about 600 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final, TypeVar

from weir.contracts.product import Product
from weir.market import vocabulary as words

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MASK: Final = (1 << 64) - 1
T = TypeVar("T")


class Draw:
    """Numbers that follow from one number: splitmix64, ten times cheaper to seed than `Random`."""

    def __init__(self, start: int) -> None:
        self._state = start & _MASK

    def number(self, below: int) -> int:
        """A whole number from 0 to below - 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % below

    def of(self, choices: Sequence[T]) -> T:
        """One of them, all equally likely."""
        return choices[self.number(len(choices))]

    def ranked(self, choices: Sequence[T]) -> T:
        """One of them; the one at rank r about as often as 1/r."""
        share = self.number(1 << 32) / (1 << 32)
        return choices[int((len(choices) + 1) ** share) - 1]


@cache
def brands(russian: bool) -> tuple[str, ...]:
    """Invented names, the most frequent first."""
    starts = (words.RUSSIAN_STARTS if russian else words.ENGLISH_STARTS).split()
    ends = (words.RUSSIAN_ENDS if russian else words.ENGLISH_ENDS).split()
    return tuple(start + end for end in ends[:16] for start in starts)


def product(number: int, *, seed: int = 1) -> Product:
    """The sample product of this number."""
    draw = Draw(seed * 0x100000001B3 + number * 0x9E3779B1)
    russian = draw.number(3) > 0
    kind = draw.of(words.KINDS)
    brand = draw.ranked(brands(russian))
    russian_colour, english_colour = draw.of(words.COLOURS)
    colour = russian_colour if russian else english_colour
    size = draw.of(kind.sizes)
    names = words.RUSSIAN_SERIES if russian else words.ENGLISH_SERIES
    series = f"{draw.of(names)} {1 + draw.number(12)}"
    noun = kind.russian if russian else kind.english
    sentences = words.RUSSIAN_SENTENCES if russian else words.ENGLISH_SENTENCES
    first = draw.number(len(sentences))
    described = (sentences[(first + step) % len(sentences)] for step in (0, 3))
    # Squared, so that most are cheap; ends like prices do.
    share = (draw.number(1000) / 1000) ** 2
    price = int(kind.lowest + (kind.highest - kind.lowest) * share) // 10 * 10 + 9
    product_id = f"s{seed}-{number:07d}"
    created = _EPOCH + timedelta(minutes=draw.number(400_000))
    return Product(
        product_id=product_id,
        sku=f"{kind.prefix}-{draw.number(1000):03d}-{number:07d}",
        shop=draw.ranked(words.SHOPS),
        name=f"{noun} {brand} {series} {size} {colour}",
        description=" ".join(described),
        category=kind.category,
        brand=brand,
        price=Decimal(price),
        currency="RUB",
        stock=draw.number(200),
        tags=kind.tags if russian else (kind.english.lower(),),
        attributes={kind.attribute: size, "colour": colour, "series": series},
        images=(f"https://img.example/{product_id}.jpg",),
        created_at=created,
        updated_at=created,
    )


def products(count: int, *, seed: int = 1, first: int = 0) -> Iterator[Product]:
    """Sample products `first` to `first + count - 1`."""
    return (product(number, seed=seed) for number in range(first, first + count))


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a shop does with one of its products; no product: it takes it away."""

    product_id: str
    product: Product | None


def changes(
    offers: Sequence[Product], *, seed: int = 1, gone_share: float = 0.0
) -> Iterator[Change]:
    """What happens to these products, without end: prices and stock move, some go and come back.

    The caller stamps the times.
    """
    if not offers:
        return
    draw = Draw(seed)
    while True:
        chosen = draw.ranked(offers)
        if draw.number(10_000) < gone_share * 10_000:
            yield Change(product_id=chosen.product_id, product=None)
            continue
        price = (chosen.price * (90 + draw.number(21)) / 100).quantize(Decimal("0.01"))
        yield Change(
            product_id=chosen.product_id,
            product=replace(chosen, price=price, stock=draw.number(200)),
        )
