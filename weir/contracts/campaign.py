"""A campaign as restaurants send it, and the one judge of it: `parse_campaign`.

The command line asks before it sends, the stream asks before it seals. A message is a JSON
object with the eight fields of `Campaign`; other fields are ignored, any key is accepted.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

import orjson

from weir.contracts.strict_json import NotAnObject, TooLarge, read_object

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

EARLIEST_MILLISECONDS: Final = 10**11
"""As seconds that is the year 5138: a larger time was meant as milliseconds."""

EARLIEST_NONSENSE: Final = 10**14
"""As milliseconds that is the year 5138."""


class Reason(StrEnum):
    """Why a message is no campaign. The words are kept with dead letters: they never change."""

    TOMBSTONE = "tombstone"  # with or without a key: a key names no campaign
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"  # NaN, Infinity
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    WRONG_UUID = "wrong_uuid"
    EMPTY_CONTENT = "empty_content"
    TOO_LONG = "too_long"
    NUL = "nul"
    LONE_SURROGATE = "lone_surrogate"
    NUMBER_TOO_LARGE = "number_too_large"  # beyond int64
    TIME_AS_TEXT = "time_as_text"
    TIME_IN_MILLISECONDS = "time_in_milliseconds"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    END_BEFORE_START = "end_before_start"  # or equal: it would never be active


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """What a restaurant tells its subscribers from `..._start` on, until before `..._end`.

    The fields are named and ordered as in the message; times are epoch seconds. The campaign id
    is lower case, so that one UUID is one campaign; the restaurant id is as it was sent, because
    it must equal that of the subscribers.
    """

    restaurant_id: str
    adv_campaign_id: str
    adv_campaign_content: str
    adv_campaign_owner: str
    adv_campaign_owner_contact: str
    adv_campaign_datetime_start: int
    adv_campaign_datetime_end: int
    datetime_created: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason is one stable word; the detail is for people and holds no more than a name."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is larger is refused before it costs anything."""

    value_bytes: int = 262_144
    depth: int = 32
    content_chars: int = 10_000
    text_chars: int = 1_000


LIMITS: Final = Limits()
FIELDS: Final = tuple(field.name for field in fields(Campaign))
UUIDS: Final = ("restaurant_id", "adv_campaign_id")
TEXTS: Final = ("adv_campaign_content", "adv_campaign_owner", "adv_campaign_owner_contact")
TIMES: Final = ("adv_campaign_datetime_start", "adv_campaign_datetime_end", "datetime_created")


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, detail)


def parse_campaign(
    value: bytes | None, key: bytes | None = None, limits: Limits = LIMITS
) -> Campaign | Refusal:
    """Judge one record. Never raises, whatever the bytes are. The key decides nothing."""
    if value is None:
        return Refusal(Reason.TOMBSTONE, "without a key" if key is None else "with a key")
    if len(value) > limits.value_bytes:
        return Refusal(Reason.TOO_LARGE, f"{len(value)} bytes, at most {limits.value_bytes}")
    try:
        return _campaign(read_object(value, max_depth=limits.depth), limits)
    except NotAnObject as error:
        return Refusal(Reason(error.word), error.detail)
    except _Refused as error:
        return error.refusal


def campaign_json(campaign: Campaign) -> bytes:
    """The message of a campaign: the eight fields in their order."""
    return orjson.dumps(asdict(campaign))


def _campaign(message: dict[str, Any], limits: Limits) -> Campaign:
    for name in FIELDS:
        if name not in message:
            raise _Refused(Reason.MISSING_FIELD, name)
    longest = {"adv_campaign_content": limits.content_chars}
    uuids = {name: _uuid(name, message[name]) for name in UUIDS}
    texts = {
        name: _text(name, message[name], longest.get(name, limits.text_chars)) for name in TEXTS
    }
    times = {name: _seconds(name, message[name]) for name in TIMES}
    if not texts["adv_campaign_content"].strip():
        raise _Refused(Reason.EMPTY_CONTENT, "adv_campaign_content")
    if times["adv_campaign_datetime_end"] <= times["adv_campaign_datetime_start"]:
        raise _Refused(Reason.END_BEFORE_START, "the end must lie after the start")
    uuids["adv_campaign_id"] = uuids["adv_campaign_id"].lower()
    return Campaign(**uuids, **texts, **times)  # type: ignore[arg-type]


def _uuid(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _Refused(Reason.WRONG_TYPE, f"{name} must be a text")
    if not UUID.fullmatch(value):
        raise _Refused(Reason.WRONG_UUID, name)
    return value


def _text(name: str, value: object, max_chars: int) -> str:
    if not isinstance(value, str):
        raise _Refused(Reason.WRONG_TYPE, f"{name} must be a text")
    if len(value) > max_chars:
        raise _Refused(Reason.TOO_LONG, f"{name}: {len(value)} characters, at most {max_chars}")
    if "\x00" in value:
        raise _Refused(Reason.NUL, name)  # PostgreSQL takes no NUL in a text
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _Refused(Reason.LONE_SURROGATE, name)
    return value


def _seconds(name: str, value: object) -> int:
    if isinstance(value, str):
        raise _Refused(Reason.TIME_AS_TEXT, name)
    if isinstance(value, TooLarge):
        raise _Refused(Reason.NUMBER_TOO_LARGE, name)
    if type(value) is not int:  # a bool is an int too
        raise _Refused(Reason.WRONG_TYPE, f"{name} must be a whole number of epoch seconds")
    if EARLIEST_MILLISECONDS <= value < EARLIEST_NONSENSE:
        raise _Refused(Reason.TIME_IN_MILLISECONDS, name)
    if not 0 <= value < EARLIEST_MILLISECONDS:
        raise _Refused(Reason.TIME_OUT_OF_RANGE, name)
    return value
