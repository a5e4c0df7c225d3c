"""What `client-searches` carries: one finished search, as whoever searched for a client tells it.

A message is a JSON object, `v` 1; unknown fields are ignored; the record's key is the user, or the
search's id for somebody without a name. Times are epoch milliseconds, prices decimals as text.
"""

from __future__ import annotations

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
MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 8
MAX_PRODUCTS: Final = 50
MAX_CHARS: Final = 200
QUERY_CHARS: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchEvent:
    """A search and what it showed.

    found: how many products there were. products: the ids that were shown, the best first.
    user: None for somebody without a name; then nothing is learned about anybody.
    """

    search_id: str
    query: str
    searched_at_ms: int
    user: str | None = None
    category: str | None = None
    max_price: Decimal | None = None
    found: int = 0
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is no search: one stable word, and a detail for people."""

    word: str
    detail: str = ""


def parse_search(value: bytes | None) -> SearchEvent | Refusal:
    """Judge one record. Never raises, whatever the bytes are."""
    if value is None:
        return Refusal("tombstone")
    if len(value) > MAX_BYTES:
        return Refusal("too_large", f"{len(value)} bytes, at most {MAX_BYTES}")
    try:
        return _search(read_object(value, max_depth=MAX_DEPTH))
    except (NotAnObject, Unfit) as error:
        return Refusal(error.word, error.detail)


def search_json(event: SearchEvent) -> bytes:
    """The message of a search."""
    return orjson.dumps(
        {
            "v": VERSION,
            "search_id": event.search_id,
            "user": event.user,
            "query": event.query,
            "category": event.category,
            "max_price": None if event.max_price is None else str(event.max_price),
            "found": event.found,
            "products": list(event.products[:MAX_PRODUCTS]),
            "searched_at_ms": event.searched_at_ms,
        }
    )


def search_key(event: SearchEvent) -> bytes:
    """Searches of one user stay in order."""
    return (event.user or event.search_id).encode()


def _search(message: dict[str, Any]) -> SearchEvent:
    if message.get("v") != VERSION:
        raise Unfit("unknown_version", f"v must be {VERSION}")
    products = message.get("products") or []
    if not isinstance(products, list) or len(products) > MAX_PRODUCTS:
        raise Unfit("wrong_type", f"products must be a list of at most {MAX_PRODUCTS} ids")
    return SearchEvent(
        search_id=text("search_id", needed(message, "search_id"), max_chars=MAX_CHARS),
        user=optional_text(message, "user", max_chars=MAX_CHARS),
        query=text("query", needed(message, "query"), max_chars=QUERY_CHARS),
        category=optional_text(message, "category", max_chars=MAX_CHARS),
        max_price=optional_money(message, "max_price"),
        found=whole("found", message.get("found", len(products)), least=0, most=10**12),
        products=tuple(text("products", each, max_chars=MAX_CHARS) for each in products),
        searched_at_ms=moment_ms("searched_at_ms", needed(message, "searched_at_ms")),
    )
