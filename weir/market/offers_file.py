"""Products in a file: a JSON list, one object, or one object per line, each judged as the filter
does."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from weir.contracts.product import Product, Refusal, parse_product
from weir.errors import SettingError

SHOWN: Final = 5


class Offer(NamedTuple):
    """One product as its shop wrote it, with fields of its own, and what it says."""

    message: dict[str, Any]
    product: Product


def read_offers(content: bytes) -> list[Offer]:
    """Every product of a file. Raises SettingError that names the bad ones and the reasons."""
    offers: list[Offer] = []
    bad: list[str] = []
    messages = _messages(content)
    for number, message in enumerate(messages, 1):
        value = orjson.dumps(message)
        key = str(message.get("product_id", "")).encode() if isinstance(message, dict) else b""
        judged = parse_product(value, key)
        if isinstance(judged, Product):
            offers.append(Offer(message, judged))
        else:
            assert isinstance(judged, Refusal)
            bad.append(f"{_name(number, message)}: {judged.reason}, {judged.detail}")
    if bad:
        more = [f"and {len(bad) - SHOWN} more"] if len(bad) > SHOWN else []
        raise SettingError(
            f"{len(bad)} of {len(messages)} are no products: " + "; ".join([*bad[:SHOWN], *more]),
            "nothing was sent; docs/domains/market.md lists the reasons",
        )
    return offers


def _messages(content: bytes) -> list[Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        lines = [line for line in content.splitlines() if line.strip()]
        try:
            found = [orjson.loads(line) for line in lines]
        except orjson.JSONDecodeError:
            raise SettingError(
                f"it is no JSON: {error}", "a list of products, or one per line"
            ) from error
    messages = found if isinstance(found, list) else [found]
    if not messages:
        raise SettingError("there is no product in it", "a JSON list, or one object per line")
    return messages


def _name(number: int, message: object) -> str:
    """By its place, and by its id if it has one."""
    named = message.get("product_id") if isinstance(message, dict) else None
    return f"product {number} ({str(named)[:60]})" if named else f"product {number}"
