"""Fields of an untrusted JSON object, one by one: the right kind, or a word that says why not."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from weir.contracts.strict_json import TooLarge

LATEST_MS: Final = 10**14
"""As milliseconds that is the year 5138."""


class Unfit(ValueError):
    """The field holds nothing that can be used: `word` says why, `detail` names it."""

    def __init__(self, word: str, detail: str) -> None:
        super().__init__(f"{word}: {detail}")
        self.word = word
        self.detail = detail


def needed(message: Mapping[str, Any], name: str) -> Any:
    """The field's value, which must be there and not null."""
    if message.get(name) is None:
        raise Unfit("missing_field", name)
    return message[name]


def text(name: str, value: object, *, max_chars: int) -> str:
    """A text that PostgreSQL can hold and that is not blank."""
    if not isinstance(value, str):
        raise Unfit("wrong_type", f"{name} must be a text")
    if len(value) > max_chars:
        raise Unfit("too_long", f"{name}: {len(value)} characters, at most {max_chars}")
    if "\x00" in value:
        raise Unfit("nul", name)
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Unfit("lone_surrogate", name)
    if not value.strip():
        raise Unfit("empty_text", name)
    return value


def optional_text(message: Mapping[str, Any], name: str, *, max_chars: int) -> str | None:
    """The text of a field that may be missing or null."""
    value = message.get(name)
    return None if value is None else text(name, value, max_chars=max_chars)


def whole(name: str, value: object, *, least: int, most: int) -> int:
    """A whole number in the range; a truth value is none."""
    if isinstance(value, TooLarge):
        raise Unfit("number_too_large", name)
    if type(value) is not int:
        raise Unfit("wrong_type", f"{name} must be a whole number")
    if not least <= value <= most:
        raise Unfit("out_of_range", f"{name} must be {least} to {most}")
    return value


def moment_ms(name: str, value: object) -> int:
    """Epoch milliseconds. Seconds would be a time in 1970: they are refused."""
    return whole(name, value, least=10**11, most=LATEST_MS)


def optional_money(message: Mapping[str, Any], name: str) -> Decimal | None:
    """A price of at least 0 as text ("29990.00"): a JSON number would be rounded on its way."""
    value = message.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 20:
        raise Unfit("wrong_type", f"{name} must be a decimal as text")
    try:
        found = Decimal(value)
    except InvalidOperation as error:
        raise Unfit("wrong_type", f"{name} must be a decimal as text") from error
    if not found.is_finite() or found < 0 or found >= 10**12:
        raise Unfit("out_of_range", name)
    return found
