"""The fields of a product's message, each read with its own rule. Pure.

`spark_jobs/lib/product_sieve.py` says the same rules in Spark's words, more narrowly: what passes
there passes here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

ID: Final = r"[\w](?:[\w .:/+-]*[\w.:/+-])?"
"""Letters and digits of any script, and what stands in article numbers; no blank at an end."""

PRICE: Final = r"[0-9]{1,12}(?:\.[0-9]{1,2})?"
CURRENCY: Final = r"[A-Z]{3}"
TIME: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
LINK: Final = r"https?://[^\s\"\\]+"

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
MOST_STOCK: Final = 2**31 - 1

_ID: Final = re.compile(ID)
_PRICE: Final = re.compile(PRICE)
_CURRENCY: Final = re.compile(CURRENCY)
_TIME: Final = re.compile(TIME)
_LINK: Final = re.compile(LINK, re.ASCII)


class Reason(StrEnum):
    """Why a record is no product. The words are kept with dead letters: they never change."""

    MISSING_KEY = "missing_key"
    WRONG_KEY = "wrong_key"  # not an id, or not the product's
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"  # also: not UTF-8, NaN, a number no float can hold, nested too deep
    NOT_AN_OBJECT = "not_an_object"
    NUL = "nul"  # PostgreSQL takes none in a text
    WRONG_VERSION = "wrong_version"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    WRONG_ID = "wrong_id"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    WRONG_PRICE = "wrong_price"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_STOCK = "wrong_stock"
    WRONG_TIME = "wrong_time"
    WRONG_LINK = "wrong_link"


class Refused(Exception):
    """Ends the reading of a message; becomes the contract's Refusal."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def id_of_key(key: bytes, max_chars: int) -> str:
    """The product id in a record's key. Raises Refused."""
    try:
        found = key.decode()
    except UnicodeDecodeError as error:
        raise Refused(Reason.WRONG_KEY, "the key is not UTF-8") from error
    if len(found) > max_chars or not _ID.fullmatch(found):
        raise Refused(Reason.WRONG_KEY, "the key is not a product id")
    return found


@dataclass(frozen=True, slots=True)
class Fields:
    """One message; each reading raises Refused that names the field."""

    message: Mapping[str, Any]

    def identity(self, name: str, max_chars: int) -> str:
        """A text, or a whole number as its digits."""
        found = self._given(name)
        if type(found) is int:  # a bool is an int too
            found = str(found)
        if not isinstance(found, str):
            raise Refused(Reason.WRONG_TYPE, f"{name} must be a text or a whole number")
        if len(found) > max_chars:
            raise Refused(Reason.TOO_LONG, f"{name}: more than {max_chars} characters")
        if not _ID.fullmatch(found):
            raise Refused(Reason.WRONG_ID, name)
        return found

    def text(self, name: str, max_chars: int) -> str:
        """A text that says something."""
        self._given(name)
        found = self.optional_text(name, max_chars)
        if found is None or not found.strip():
            raise Refused(Reason.EMPTY, name)
        return found

    def optional_text(self, name: str, max_chars: int) -> str | None:
        """A text of any content; None when it is absent or empty."""
        found = self.message.get(name)
        return _text(name, found, max_chars) or None if found is not None else None

    def price(self, name: str) -> Decimal:
        """At most two decimals; a JSON number is taken as it was most shortly written."""
        found = self._given(name)
        if type(found) in (int, float):
            found = repr(found)
        if not isinstance(found, str):
            raise Refused(Reason.WRONG_TYPE, f"{name} must be a text or a number")
        if not _PRICE.fullmatch(found):
            raise Refused(Reason.WRONG_PRICE, f"{name}: at most 12 digits and 2 decimals")
        return Decimal(found)

    def currency(self, name: str) -> str:
        """Three capital letters (ISO 4217)."""
        found = _text(name, self._given(name), 100)
        if not _CURRENCY.fullmatch(found):
            raise Refused(Reason.WRONG_CURRENCY, name)
        return found

    def stock(self, name: str) -> int | None:
        """Pieces, or None when the shop does not say."""
        found = self.message.get(name)
        if found is None:
            return None
        if type(found) is not int:
            raise Refused(Reason.WRONG_TYPE, f"{name} must be a whole number")
        if not 0 <= found <= MOST_STOCK:
            raise Refused(Reason.WRONG_STOCK, name)
        return found

    def time(self, name: str) -> datetime:
        """ISO 8601 with seconds and a zone, within this century."""
        found = _text(name, self._given(name), 100)
        if not _TIME.fullmatch(found):
            raise Refused(Reason.WRONG_TIME, f"{name}: like 2026-11-22T10:00:00Z")
        try:
            at = datetime.fromisoformat(found)
        except ValueError as error:
            raise Refused(Reason.WRONG_TIME, name) from error
        if not EARLIEST <= at < LATEST:
            raise Refused(Reason.WRONG_TIME, f"{name} lies in no year from 2000 to 2099")
        return at

    def optional_time(self, name: str) -> datetime | None:
        """The same, or None when it is absent."""
        return None if self.message.get(name) is None else self.time(name)

    def texts(self, name: str, most: int, max_chars: int) -> tuple[str, ...]:
        """A list of texts, none of them empty; absent is the empty list."""
        found = self.message.get(name)
        if found is None:
            return ()
        if not isinstance(found, list):
            raise Refused(Reason.WRONG_TYPE, f"{name} must be a list of texts")
        if len(found) > most:
            raise Refused(Reason.TOO_LONG, f"{name}: {len(found)} items, at most {most}")
        for item in found:
            if not _text(name, item, max_chars):
                raise Refused(Reason.EMPTY, name)
        return tuple(found)

    def links(self, name: str, most: int, max_chars: int) -> tuple[str, ...]:
        """A list of web addresses."""
        found = self.texts(name, most, max_chars)
        if not all(_LINK.fullmatch(link) for link in found):
            raise Refused(Reason.WRONG_LINK, f"{name}: each begins with http:// or https://")
        return found

    def attributes(self, name: str) -> dict[str, Any]:
        """Any JSON object; absent is the empty one."""
        found = self.message.get(name)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise Refused(Reason.WRONG_TYPE, f"{name} must be an object")
        return found

    def _given(self, name: str) -> Any:
        found = self.message.get(name)
        if found is None:
            raise Refused(Reason.MISSING_FIELD, name)
        return found


def _text(name: str, value: object, max_chars: int) -> str:
    if not isinstance(value, str):
        raise Refused(Reason.WRONG_TYPE, f"{name} must be a text")
    if len(value) > max_chars:
        raise Refused(Reason.TOO_LONG, f"{name}: {len(value)} characters, at most {max_chars}")
    return value
