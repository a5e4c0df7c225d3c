"""A wish for recommendations (`client-recommendations`) and its answer (`recommendations-results`).

Both are JSON objects, `v` 1; unknown fields are ignored. A request's key is the user (or the
correlation id), an answer's the correlation id. Times are epoch milliseconds, prices decimals as
text. An answer may come twice: readers take the first one of a correlation id, and none that
comes after its deadline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson

from weir.contracts.checked import (
    Unfit,
    moment_ms,
    needed,
    optional_money,
    optional_text,
    text,
    whole,
)
from weir.contracts.strict_json import NotAnObject, read_object

VERSION: Final = 1
MAX_BYTES: Final = 16_384
MAX_DEPTH: Final = 8
MAX_CHARS: Final = 200
MAX_ITEMS: Final = 50
MAX_PATIENCE_MS: Final = 3_600_000
DEFAULT_CURRENCY: Final = "RUB"
CORRELATION: Final = re.compile(r"[0-9A-Za-z_.:-]{1,100}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """Who asks for what, and until when an answer is of use."""

    correlation_id: str
    asked_at_ms: int
    deadline_ms: int
    user: str | None = None
    category: str | None = None
    max_price: Decimal | None = None
    currency: str = DEFAULT_CURRENCY
    limit: int = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One recommended product, and in words why it is there.

    because_of: a product that the reason may name; who shows the item later asks for it too.
    """

    product_id: str
    sku: str
    name: str
    category: str
    brand: str | None
    shop: str
    price: Decimal
    currency: str
    score: float
    reason: str
    because_of: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """At most `limit` items, the best first; none when nothing fits.

    No item was banned at `answered_at_ms`. Who shows it later asks again
    (`weir.market.allowed`).
    """

    correlation_id: str
    answered_at_ms: int
    deadline_ms: int
    user: str | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is no request: one stable word, and a detail for people."""

    word: str
    detail: str = ""


def parse_request(value: bytes | None) -> Request | Refusal:
    """Judge one record. Never raises, whatever the bytes are."""
    if value is None:
        return Refusal("tombstone")
    if len(value) > MAX_BYTES:
        return Refusal("too_large", f"{len(value)} bytes, at most {MAX_BYTES}")
    try:
        return _request(read_object(value, max_depth=MAX_DEPTH))
    except (NotAnObject, Unfit) as error:
        return Refusal(error.word, error.detail)


def request_json(request: Request) -> bytes:
    """The message of a request."""
    return orjson.dumps(
        {
            "v": VERSION,
            "correlation_id": request.correlation_id,
            "user": request.user,
            "category": request.category,
            "max_price": None if request.max_price is None else str(request.max_price),
            "currency": request.currency,
            "limit": request.limit,
            "asked_at_ms": request.asked_at_ms,
            "deadline_ms": request.deadline_ms,
        }
    )


def request_key(request: Request) -> bytes:
    """Requests of one user stay in order."""
    return (request.user or request.correlation_id).encode()


def answer_json(answer: Answer) -> bytes:
    """The message of an answer."""
    return orjson.dumps(answer_object(answer))


def answer_object(answer: Answer) -> dict[str, Any]:
    """The answer as plain values, for JSON."""
    return {
        "v": VERSION,
        "correlation_id": answer.correlation_id,
        "user": answer.user,
        "answered_at_ms": answer.answered_at_ms,
        "deadline_ms": answer.deadline_ms,
        "items": [
            {
                "product_id": item.product_id,
                "sku": item.sku,
                "name": item.name,
                "category": item.category,
                "brand": item.brand,
                "shop": item.shop,
                "price": str(item.price),
                "currency": item.currency,
                "score": round(item.score, 6),
                "reason": item.reason,
                "because_of": item.because_of,
            }
            for item in answer.items
        ],
    }


def parse_answer(value: bytes) -> Answer:
    """The answer in a record of ours; raises ValueError or KeyError for anything else."""
    body = orjson.loads(value)
    if body["v"] != VERSION:
        raise ValueError(f"an answer of version {body['v']}")
    return Answer(
        correlation_id=body["correlation_id"],
        answered_at_ms=body["answered_at_ms"],
        deadline_ms=body["deadline_ms"],
        user=body["user"],
        items=tuple(Item(**item | {"price": Decimal(item["price"])}) for item in body["items"]),
    )


def _request(message: dict[str, Any]) -> Request:
    if message.get("v") != VERSION:
        raise Unfit("unknown_version", f"v must be {VERSION}")
    correlation_id = text("correlation_id", needed(message, "correlation_id"), max_chars=MAX_CHARS)
    if not CORRELATION.fullmatch(correlation_id):
        raise Unfit("wrong_correlation_id", "1 to 100 letters, digits and _ . : -")
    asked = moment_ms("asked_at_ms", needed(message, "asked_at_ms"))
    deadline = moment_ms("deadline_ms", needed(message, "deadline_ms"))
    if not asked < deadline <= asked + MAX_PATIENCE_MS:
        raise Unfit("wrong_deadline", "after asked_at_ms, by an hour at most")
    return Request(
        correlation_id=correlation_id,
        user=optional_text(message, "user", max_chars=MAX_CHARS),
        category=optional_text(message, "category", max_chars=MAX_CHARS),
        max_price=optional_money(message, "max_price"),
        currency=optional_text(message, "currency", max_chars=3) or DEFAULT_CURRENCY,
        limit=whole("limit", message.get("limit", 10), least=1, most=MAX_ITEMS),
        asked_at_ms=asked,
        deadline_ms=deadline,
    )
