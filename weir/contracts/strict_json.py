"""One JSON object from untrusted bytes: nothing is guessed, repaired or silently overwritten.

The standard parser takes NaN, keeps the last of two equal keys, guesses UTF-16 and recurses as
deep as the sender likes. Each of these is refused here with a word of its own.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

INT_MAX_DIGITS: Final = 20
"""More digits than int64 has; a longer number is never converted (that costs time squared)."""

INT64_MAX: Final = 2**63 - 1

_MARKS: Final = re.compile(rb'["\\\[\]{}]')


class NotAnObject(ValueError):
    """The bytes are no JSON object that can be read in one way only: `word` says why."""

    def __init__(self, word: str, detail: str) -> None:
        super().__init__(f"{word}: {detail}")
        self.word = word
        self.detail = detail


class TooLarge:
    """Stands for a whole number beyond int64."""


def read_object(value: bytes, *, max_depth: int) -> dict[str, Any]:
    """The object; whole numbers beyond int64 become `TooLarge`. Raises NotAnObject."""
    if (depth := depth_of(value)) > max_depth:
        raise NotAnObject("too_deep", f"nested {depth} deep, at most {max_depth}")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise NotAnObject("not_utf8", f"byte {error.start}") from error
    try:
        found = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_int=_int64,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        raise NotAnObject("not_json", f"{error.msg} at character {error.pos}") from error
    if not isinstance(found, dict):
        raise NotAnObject("not_an_object", f"it is {_kind(found)}")
    return found


def depth_of(value: bytes) -> int:
    """How deep brackets nest outside of texts. One pass, whatever the bytes are."""
    depth = deepest = 0
    in_text, escaped_at = False, -1
    for match in _MARKS.finditer(value):
        mark, at = match.group(), match.start()
        if in_text:
            if mark == b"\\" and at != escaped_at:
                escaped_at = at + 1
            elif mark == b'"' and at != escaped_at:
                in_text = False
        elif mark == b'"':
            in_text = True
        elif mark in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in b"]}":
            depth -= 1
    return deepest


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NotAnObject("duplicate_key", f"{name[:80]!r} is there twice")
        found[name] = value
    return found


def _int64(digits: str) -> int | TooLarge:
    if len(digits) > INT_MAX_DIGITS:
        return TooLarge()
    number = int(digits)
    return number if -INT64_MAX - 1 <= number <= INT64_MAX else TooLarge()


def _no_constant(name: str) -> None:
    raise NotAnObject("not_a_number", f"{name} is not JSON")


def _kind(value: object) -> str:
    names = {type(None): "null", list: "an array", str: "a text", bool: "a truth value"}
    return names.get(type(value), "a number")
