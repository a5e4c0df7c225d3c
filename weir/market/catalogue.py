"""What a record of the filter says about a product, as a row of `market.product`. Pure.

Each decision stands in full in one record, and only that one is read: what is allowed, deleted
and readmitted in filtered-products, what is blocked and retracted in filtered-events. The
tombstone of a blocked product and the event of a readmitted one only repeat it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from weir.contracts.product import Product, Tombstone, parse_product
from weir.kafka.record import Headers
from weir.market.filtered import EVENTS, PRODUCTS, Change, Source, Version, read_mark

NOT_OURS: Final = "not written by the filter"
NO_PRODUCT: Final = "no product"
_PRODUCT_FIELD: Final = b',"product":'


class State(StrEnum):
    """What a row of `market.product` is."""

    LISTED = "listed"
    BLOCKED = "blocked"  # a rule forbade it when it was last decided
    GONE = "gone"  # the shop took it away


TOLD_BY: Final = {
    (PRODUCTS, Change.ALLOWED): State.LISTED,
    (PRODUCTS, Change.READMITTED): State.LISTED,
    (PRODUCTS, Change.DELETED): State.GONE,
    (EVENTS, Change.BLOCKED): State.BLOCKED,
    (EVENTS, Change.RETRACTED): State.BLOCKED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """The newest that is known of a product. Gone: neither product nor payload."""

    product_id: str
    state: State
    version: Version
    source: Source
    product: Product | None = None
    payload: bytes | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a record becomes a dead letter."""

    reason: str


def entry_of(
    topic: str, key: bytes | None, value: bytes | None, headers: Headers
) -> Entry | Unreadable | None:
    """The row that a record stands for; None when another record says the same in full."""
    mark = read_mark(headers)
    if mark is None or key is None:
        return Unreadable(NOT_OURS)
    state = TOLD_BY.get((topic, mark.change))
    if state is None:
        return None
    payload = None if state is State.GONE else _payload(topic, value)
    judged = parse_product(payload, key)
    if isinstance(judged, Tombstone) and state is State.GONE:
        return Entry(
            product_id=judged.product_id, state=state, version=mark.version, source=mark.source
        )
    if not isinstance(judged, Product):
        reason = NO_PRODUCT if isinstance(judged, Tombstone) else judged.reason.value
        return Unreadable(f"{NO_PRODUCT}: {reason}" if reason != NO_PRODUCT else NO_PRODUCT)
    return Entry(
        product_id=judged.product_id,
        state=state,
        version=mark.version,
        source=mark.source,
        product=judged,
        payload=payload,
    )


def newest(entries: Iterable[Entry]) -> list[Entry]:
    """One entry per product, that of the highest version, in the order of the ids."""
    best: dict[str, Entry] = {}
    for entry in entries:
        known = best.get(entry.product_id)
        if known is None or entry.version > known.version:
            best[entry.product_id] = entry
    return [best[product_id] for product_id in sorted(best)]


def _payload(topic: str, value: bytes | None) -> bytes | None:
    """The shop's record, byte for byte: in an event it is the last field."""
    if topic == PRODUCTS or value is None:
        return value
    _, found, rest = value.partition(_PRODUCT_FIELD)
    return rest[:-1] if found and rest != b"null}" else None
