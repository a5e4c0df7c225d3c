"""What every number of the market must be, from what lies in the shops' topic and who was banned.

Plain Python and pure: nothing that the project counts, merges or archives with is used here.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")
HOUR = 3600
OF_THE_LIST = 10**12
"""The minute of what the ban list did: after all versions. Which one it is changes no sum."""

REASON = "numbers"
DECIDED = ("allowed", "blocked", "deleted")
STATES = {"allowed": "listed", "blocked": "blocked", "deleted": "gone"}
DATASETS = {
    "allowed": ("products",),
    "deleted": ("products",),
    "blocked": ("events",),
    "retracted": ("events",),
    "readmitted": ("events", "products"),
}
BANDS = [0, 1_000, 5_000, 10_000, 30_000, 50_000, 100_000]
Place = tuple[str, str, int | None]
"""Key, currency, and first second of the hour (None: all time)."""


class Rule(NamedTuple):
    """kind: product-id, sku or sku-prefix, as the command line has them."""

    kind: str
    value: str

    def hits(self, product_id: str, sku: str) -> bool:
        if self.kind == "product-id":
            return product_id == self.value
        return sku == self.value if self.kind == "sku" else sku.startswith(self.value)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a shop sent, where and when it lies. No body: the product is taken away."""

    product_id: str
    partition: int
    offset: int
    at_ms: int
    body: dict[str, Any] | None

    @property
    def version_us(self) -> int:
        """From when it counts: what the shop says, but never later than it came."""
        came = self.at_ms * 1000
        if self.body is None:
            return came
        said = datetime.fromisoformat(self.body["updated_at"]) - EPOCH
        return min(came, said // timedelta(microseconds=1))


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened once to a record, under a version of the ban list."""

    change: str
    record: Record
    ban_version: int

    @property
    def minute(self) -> int:
        """First second of the minute."""
        if self.change not in DECIDED:
            return OF_THE_LIST
        return self.record.version_us // 60_000_000 * 60


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A product as the catalogue has it. words: of the newest version that was no deletion."""

    state: str
    record: Record
    ban_version: int
    words: dict[str, Any] | None


class World:
    """Everything that was sent and banned so far, and what follows from it."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.shelf: dict[str, Offer] = {}
        self.rules: set[Rule] = set()
        self.version = 0

    def is_banned(self, product_id: str, sku: str) -> bool:
        return any(rule.hits(product_id, sku) for rule in self.rules)

    def send(self, record: Record) -> None:
        """The filter decides about a record under the rules of this moment."""
        if record.body is None:
            change = "deleted"
        else:
            banned = self.is_banned(record.product_id, record.body["sku"])
            change = "blocked" if banned else "allowed"
        self._note(change, record)
        known = self.shelf.get(record.product_id)
        if known is None or _rank(record) > _rank(known.record):
            words = record.body or (known.words if known else None)
            self.shelf[record.product_id] = Offer(
                state=STATES[change], record=record, ban_version=self.version, words=words
            )

    def ban(self, rules: Iterable[Rule], version: int) -> None:
        """What is listed and banned now is taken back."""
        self.rules |= set(rules)
        self.version = version
        for product_id, offer in self.shelf.items():
            if offer.state == "listed" and self.is_banned(product_id, (offer.words or {})["sku"]):
                self._turn(product_id, "retracted", "blocked")

    def lift(self, rules: Iterable[Rule], version: int) -> None:
        """What is blocked and free now is let in again."""
        self.rules -= set(rules)
        self.version = version
        for product_id, offer in self.shelf.items():
            if offer.state == "blocked" and not self.is_banned(
                product_id, (offer.words or {})["sku"]
            ):
                self._turn(product_id, "readmitted", "listed")

    def statistics(
        self, level: str, *, with_banned: bool = False, hours_before: int | None = None
    ) -> dict[Place, dict[str, Any]]:
        """The rows of a level; of all time, or hour by hour of what was before this second."""
        rows: dict[tuple[int, str, str], list[Fact]] = defaultdict(list)
        for fact in self.facts:
            if hours_before is None or fact.minute < hours_before:
                currency = (fact.record.body or {}).get("currency", "")
                rows[fact.minute, fact.record.product_id, currency].append(fact)
        products: dict[Place, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
        for (minute, product_id, currency), facts in rows.items():
            newest = max(facts, key=lambda fact: _rank(fact.record)).record.body
            # A deletion names only its product: the catalogue says the rest.
            words = (newest if currency else self.shelf[product_id].words) or {}
            start = None if hours_before is None else minute // HOUR * HOUR
            place = (_key(level, product_id, words), words.get("currency", ""), start)
            products[place][product_id] += facts
        found = {}
        for place, each in products.items():
            hidden = set() if with_banned else {p for p in each if self._is_hidden(p)}
            if level != "product" or hidden != each.keys():
                found[place] = _row(each, hidden)
        return found

    def catalogue(self) -> dict[str, tuple[Any, ...]]:
        """Product -> its row of market.product: state, words, version, payload."""
        return {
            product_id: (
                offer.state,
                *words_of(offer.words),
                offer.record.version_us,
                offer.record.partition,
                offer.record.offset,
                offer.ban_version,
                canonical(offer.record.body),
            )
            for product_id, offer in self.shelf.items()
        }

    def archived(self) -> Counter[tuple[Any, ...]]:
        """Every row of the Parquet files."""
        found: Counter[tuple[Any, ...]] = Counter()
        for fact in self.facts:
            record, body = fact.record, fact.record.body or {}
            names = ("sku", "shop", "name", "category", "brand", "currency")
            line = (
                fact.change,
                record.product_id,
                *(body.get(name) for name in names),
                price_of(body),
                record.version_us,
                fact.ban_version,
                record.partition,
                record.offset,
                REASON if fact.change in ("blocked", "retracted") else None,
                canonical(record.body),
            )
            found.update((dataset, *line) for dataset in DATASETS[fact.change])
        return found

    def _note(self, change: str, record: Record) -> None:
        self.facts.append(Fact(change=change, record=record, ban_version=self.version))

    def _turn(self, product_id: str, change: str, state: str) -> None:
        offer = self.shelf[product_id]
        self._note(change, offer.record)
        self.shelf[product_id] = replace(offer, state=state, ban_version=self.version)

    def _is_hidden(self, product_id: str) -> bool:
        words = self.shelf[product_id].words or {}
        return self.is_banned(product_id, words.get("sku", ""))


def _rank(record: Record) -> tuple[int, int]:
    return (record.version_us, record.offset)


def _key(level: str, product_id: str, words: dict[str, Any]) -> str:
    if level in ("total", "product"):
        return "all" if level == "total" else product_id
    if level != "price-band":
        return str(words.get(level) or "")
    price = price_of(words)
    if price is None:
        return ""
    number = sum(edge <= price for edge in BANDS) - 1
    more = number == len(BANDS) - 1
    return f"{BANDS[number]} and more" if more else f"{BANDS[number]} to {BANDS[number + 1]}"


def _row(products: dict[str, list[Fact]], hidden: set[str]) -> dict[str, Any]:
    counts = Counter(fact.change for facts in products.values() for fact in facts)
    passed = {
        product_id: [fact for fact in facts if fact.change == "allowed"]
        for product_id, facts in products.items()
        if product_id not in hidden
    }
    each = (price_of(fact.record.body or {}) for facts in passed.values() for fact in facts)
    prices = [price for price in each if price is not None]
    average = sum(prices, Decimal(0)) / len(prices) if prices else None
    return {
        "products": sum(map(bool, passed.values())),
        "received": sum(counts[change] for change in DECIDED),
        "allowed": len(prices),
        **{name: counts[name] for name in ("blocked", "deleted", "retracted", "readmitted")},
        "price_min": str(min(prices)) if prices else None,
        "price_avg": None if average is None else str(average.quantize(CENT, ROUND_HALF_UP)),
        "price_max": str(max(prices)) if prices else None,
        "banned_now": len(hidden),
    }


def price_of(body: dict[str, Any]) -> Decimal | None:
    """The price with two decimals."""
    return Decimal(body["price"]).quantize(CENT) if "price" in body else None


def words_of(body: dict[str, Any] | None) -> tuple[Any, ...]:
    """What a shop said, in the order of the columns."""
    said = body or {}
    return (
        *(said.get(name) for name in ("sku", "shop", "name")),
        said.get("description", ""),
        *(said.get(name) for name in ("category", "brand")),
        price_of(said),
        *(said.get(name) for name in ("currency", "stock")),
        said.get("tags", []),
        said.get("attributes", {}),
        said.get("images", []),
        datetime.fromisoformat(said["created_at"]) if "created_at" in said else None,
    )


def canonical(body: dict[str, Any] | None) -> str | None:
    """The same text for the same JSON."""
    return None if body is None else json.dumps(body, sort_keys=True, ensure_ascii=False)
