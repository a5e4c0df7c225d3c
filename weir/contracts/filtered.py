"""What the ban filter says of a product, in `filtered-products` and `filtered-events`.

The headers of a record say which version of which product it is about and what was decided; the
value is the shop's own record (products) or an event that holds it. A reader that keeps state
takes a record only if `follows` says so: then order between the two topics does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from weir.kafka.record import Headers


class Change(StrEnum):
    """What happened to the product."""

    ALLOWED = "allowed"  # products: the shop's record, as it came
    DELETED = "deleted"  # products: a tombstone of the shop
    BLOCKED = "blocked"  # events: a rule forbade it when it came
    RETRACTED = "retracted"  # both: it was allowed, now a rule forbids it; in products a tombstone
    READMITTED = "readmitted"  # both: no rule forbids it any more


class Header(StrEnum):
    """The headers of every record; each value is text."""

    SRC = "src"  # topic-partition-offset of the shop's record
    UPDATED_AT_US = "updated_at_us"  # of the version: contracts.product.version_micros
    EPOCH = "epoch"
    BAN_VERSION = "ban_version"
    CHANGE = "change"


EVENT_PRODUCT: Final = "product"
"""Field of an event: the shop's record, as a text (exact) or as an object; or null."""


class NotFiltered(ValueError):
    """The record was not written by the filter: the text says what is wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Which of two records about one product is newer."""

    updated_at_us: int
    src_offset: int
    ban_version: int
    epoch: int

    @property
    def decided(self) -> tuple[int, int]:
        """Who decided, by which list."""
        return self.epoch, self.ban_version


def follows(new: Version, old: Version | None) -> bool:
    """Whether `new` may take the place of `old`: newer or equal, and not by an older decision.

    A driver that is fenced, or an old list, never undoes what was decided after it.
    """
    return old is None or (new >= old and new.decided >= old.decided)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filtered:
    """One record about one product. `payload`: the shop's record, None when it is not told."""

    product_id: str
    change: Change
    version: Version
    src_partition: int
    payload: bytes | None


def headers_of(change: Change, version: Version, src: str) -> Headers:
    """The headers in their order."""
    return (
        (Header.SRC, src.encode()),
        (Header.UPDATED_AT_US, b"%d" % version.updated_at_us),
        (Header.EPOCH, b"%d" % version.epoch),
        (Header.BAN_VERSION, b"%d" % version.ban_version),
        (Header.CHANGE, change.encode()),
    )


def parse_filtered(
    key: bytes | None, value: bytes | None, headers: Mapping[str, bytes | None], *, event: bool
) -> Filtered:
    """Read one record of filtered-events (`event`) or of filtered-products. Raises NotFiltered."""
    try:
        if key is None:
            raise NotFiltered("without a key")
        change = Change(_text(headers, Header.CHANGE))
        _, partition, offset = _text(headers, Header.SRC).rsplit("-", 2)
        version = Version(
            updated_at_us=int(_text(headers, Header.UPDATED_AT_US)),
            src_offset=int(offset),
            ban_version=int(_text(headers, Header.BAN_VERSION)),
            epoch=int(_text(headers, Header.EPOCH)),
        )
        return Filtered(
            product_id=key.decode(),
            change=change,
            version=version,
            src_partition=int(partition),
            payload=_told(value) if event else value,
        )
    except NotFiltered:
        raise
    except ValueError as error:
        raise NotFiltered(str(error)) from error


def _text(headers: Mapping[str, bytes | None], name: Header) -> str:
    found = headers.get(name)
    if found is None:
        raise NotFiltered(f"header {name} is missing")
    return found.decode()


def _told(value: bytes | None) -> bytes | None:
    event: Any = orjson.loads(value or b"")
    if not isinstance(event, dict):
        raise NotFiltered("the event is not an object")
    product = event.get(EVENT_PRODUCT)
    if product is None:
        return None
    return product.encode() if isinstance(product, str) else orjson.dumps(product)
