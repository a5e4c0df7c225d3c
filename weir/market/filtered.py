"""What `filtered-products` and `filtered-events` carry, for the filter and for all their readers.

Every record is keyed by product id and says in its headers what became of which shop's record:

  src            topic-partition-offset in the shops' topic: the same thing twice has the same src;
                 the topic is `name@id` when it is not the first one of its name
  updated_at_us  from when this version of the product counts, microseconds since the epoch
  ban_version    of the ban list that decided, epoch: of the driver that wrote
  change         see `Change`

The filter writes at least once, and a driver that was stopped and wakes may add an old batch late.
So whoever keeps state lets the highest `Version` of a product win, and drops lower and equal ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

from weir.kafka.record import Headers

PRODUCTS: Final = "filtered-products"
EVENTS: Final = "filtered-events"
EVENT_VERSION: Final = 1


class Change(StrEnum):
    """What the filter decided.

    allowed      the product, as the shop sent it (products)
    deleted      the shop took it back: a tombstone, banned or not (products)
    blocked      it came while it was banned: an event with the product, and a tombstone, so that no
                 older version stays in the compacted topic
    retracted    it was allowed and is banned now: an event with the product, and a tombstone
    readmitted   no ban holds any more: an event, and the product again

    A tombstone of blocked or retracted and its event have the same version: the event says all.
    """

    ALLOWED = "allowed"
    DELETED = "deleted"
    BLOCKED = "blocked"
    RETRACTED = "retracted"
    READMITTED = "readmitted"


class Source(NamedTuple):
    """The shop's record that a record is about."""

    topic: str
    partition: int
    offset: int


class Version(NamedTuple):
    """Compared from left to right: the shop's order first, then who decided later about it."""

    updated_at_us: int
    src_offset: int
    ban_version: int
    epoch: int


class Mark(NamedTuple):
    """The headers of a record."""

    change: Change
    source: Source
    version: Version


def headers_of(mark: Mark) -> Headers:
    """The headers as they are written; the stream writes the same bytes."""
    topic, partition, offset = mark.source
    return (
        ("src", f"{topic}-{partition}-{offset}".encode()),
        ("updated_at_us", str(mark.version.updated_at_us).encode()),
        ("ban_version", str(mark.version.ban_version).encode()),
        ("epoch", str(mark.version.epoch).encode()),
        ("change", mark.change.value.encode()),
    )


def read_mark(headers: Iterable[tuple[str, bytes | None]]) -> Mark | None:
    """What the headers say; None when they are not those of the filter."""
    found = {name: value for name, value in headers if value is not None}
    try:
        topic, partition, offset = found["src"].decode().rsplit("-", 2)
        version = Version(
            updated_at_us=int(found["updated_at_us"]),
            src_offset=int(offset),
            ban_version=int(found["ban_version"]),
            epoch=int(found["epoch"]),
        )
        return Mark(
            Change(found["change"].decode()), Source(topic, int(partition), int(offset)), version
        )
    except (KeyError, ValueError):
        return None


def event_json(
    *,
    change: Change,
    product_id: str,
    sku: str | None,
    shop: str | None,
    rule: tuple[str, str, int] | None,
    reason: str | None,
    product: str | None,
) -> bytes:
    """An event. `rule`: kind, value and number of the ban; `product`: the shop's JSON as it was."""
    head: dict[str, Any] = {
        "v": EVENT_VERSION,
        "change": change.value,
        "product_id": product_id,
        "sku": sku,
        "shop": shop,
        "rule": None if rule is None else dict(zip(("kind", "value", "ban_id"), rule, strict=True)),
        "reason": reason,
    }
    # The product is embedded byte for byte: a decimal price must not become a float on its way.
    body = orjson.dumps(head)
    return b"".join((body[:-1], b',"product":', (product or "null").encode(), b"}"))
