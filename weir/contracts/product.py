"""A product as shops send it, and the one judge of it: `parse_product`.

A record's key is the product id, its value one JSON object (contract version `v` 1); a record
without a value (a tombstone) says that the product is gone. Other fields are allowed and kept by
whoever passes the original on. Of two equal names in one object the last counts, as for every
JSON reader here (orjson, Spark, PostgreSQL). Ids and prices may be JSON numbers: an id is then
its digits; prices are decimals in any case, never floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson

from weir.contracts.product_fields import Fields, Reason, Refused, id_of_key

VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is larger is refused before it costs anything."""

    value_bytes: int = 262_144
    id_chars: int = 100
    text_chars: int = 500
    description_chars: int = 10_000
    list_items: int = 50
    link_chars: int = 2_000


LIMITS: Final = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """One offer of one shop. `updated_at` orders the versions of a product; times have a zone."""

    product_id: str
    sku: str
    shop: str
    name: str
    category: str
    price: Decimal
    currency: str
    updated_at: datetime
    description: str = ""
    brand: str | None = None
    stock: int | None = None
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The shop does not offer the product any more."""

    product_id: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason is one stable word; the detail is for people and holds no more than a name."""

    reason: Reason
    detail: str = ""


def parse_product(
    value: bytes | None, key: bytes | None, limits: Limits = LIMITS
) -> Product | Tombstone | Refusal:
    """Judge one record. Never raises, whatever the bytes are."""
    try:
        if key is None:
            raise Refused(Reason.MISSING_KEY, "the key must be the product id")
        if value is None:
            return Tombstone(id_of_key(key, limits.id_chars))
        if len(value) > limits.value_bytes:
            raise Refused(Reason.TOO_LARGE, f"{len(value)} bytes, at most {limits.value_bytes}")
        product = _product(_object(value), limits)
        if product.product_id.encode() != key:
            raise Refused(Reason.WRONG_KEY, "the key is not the product id")
        return product
    except Refused as error:
        return Refusal(error.reason, error.detail)


def product_json(product: Product) -> bytes:
    """The message of a product: the price as a text, times in UTC, absent fields left out."""
    return orjson.dumps(
        {"v": VERSION}
        | {
            name: _written(value)
            for name in Product.__slots__
            if (value := getattr(product, name)) not in (None, "", (), {})
        },
        option=orjson.OPT_UTC_Z,
    )


def micros(at: datetime) -> int:
    """Microseconds since the epoch, exactly: a float has no room for them."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def version_micros(updated_at_us: int, received_ms: int) -> int:
    """When this version counts from: never later than Kafka received it.

    So a shop whose clock is ahead can still delete what it sent, and no product is newer than
    everything that will ever be said about it.
    """
    return min(updated_at_us, received_ms * 1_000)


def _written(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return list(value) if isinstance(value, tuple) else value


def _object(value: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Refused(Reason.NOT_JSON, error.msg[:200]) from error
    if not isinstance(found, dict):
        raise Refused(Reason.NOT_AN_OBJECT, f"it is a {type(found).__name__}")
    if b"\\u0000" in value and _holds_nul(found):
        raise Refused(Reason.NUL, "a text holds the character 0")
    return found


def _holds_nul(value: object) -> bool:
    """Whether any text in it does; deep nesting costs no stack."""
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, str) and "\x00" in found:
            return True
        if isinstance(found, dict):
            left += [*found.keys(), *found.values()]
        elif isinstance(found, list):
            left += found
    return False


def _product(message: dict[str, Any], limits: Limits) -> Product:
    if type(message.get("v")) is not int or message["v"] != VERSION:
        raise Refused(Reason.WRONG_VERSION, f"v must be {VERSION}")
    read = Fields(message)
    return Product(
        product_id=read.identity("product_id", limits.id_chars),
        sku=read.identity("sku", limits.id_chars),
        shop=read.text("shop", limits.text_chars),
        name=read.text("name", limits.text_chars),
        category=read.text("category", limits.text_chars),
        price=read.price("price"),
        currency=read.currency("currency"),
        updated_at=read.time("updated_at"),
        description=read.optional_text("description", limits.description_chars) or "",
        brand=read.optional_text("brand", limits.text_chars),
        stock=read.stock("stock"),
        tags=read.texts("tags", limits.list_items, limits.text_chars),
        attributes=read.attributes("attributes"),
        images=read.links("images", limits.list_items, limits.link_chars),
        created_at=read.optional_time("created_at"),
    )
