"""A thousand messages that are no campaigns, of twelve kinds, each like no other."""

from __future__ import annotations

import orjson

from weir.contracts.campaign import Reason

GOOD = {
    "restaurant_id": "123e4567-e89b-12d3-a456-426614174000",
    "adv_campaign_id": "123e4567-e89b-12d3-a456-426614174003",
    "adv_campaign_content": "Two coffees, one price",
    "adv_campaign_owner": "Кафе «Север»",
    "adv_campaign_owner_contact": "third door on the left",
    "adv_campaign_datetime_start": 1_700_000_000,
    "adv_campaign_datetime_end": 1_700_000_060,
    "datetime_created": 1_699_999_000,
}
START, END = "adv_campaign_datetime_start", "adv_campaign_datetime_end"
REPAIRED = (
    Reason.END_BEFORE_START.value,
    Reason.TIME_IN_MILLISECONDS.value,
    Reason.WRONG_UUID.value,
    Reason.TOO_LONG.value,
    Reason.NOT_JSON.value,
    Reason.TOMBSTONE.value,
)
"""Six of the twelve kinds."""


def message(number: int, **changed: object) -> bytes:
    """A campaign that is over, unless something of it is changed."""
    return orjson.dumps(GOOD | {"datetime_created": 1_600_000_000 + number} | changed)


def bad_campaign(number: int) -> bytes | None:
    """One of the kind `number % 12`."""
    surrogate = message(number, adv_campaign_owner="@").replace(b'"@"', b'"\\ud800"')
    kinds: dict[str, bytes | None] = {
        Reason.END_BEFORE_START: message(number, **{END: 1}),
        Reason.TIME_IN_MILLISECONDS: message(number, **{START: 1_700_000_000_000}),
        Reason.TIME_AS_TEXT: message(number, **{START: "1700000000"}),
        Reason.WRONG_UUID: message(number, restaurant_id=f"no uuid {number}"),
        Reason.EMPTY_CONTENT: message(number, adv_campaign_content=""),
        Reason.TOO_LONG: message(number, adv_campaign_content="x" * 10_001),
        Reason.NOT_JSON: message(number)[:-1],
        Reason.NOT_AN_OBJECT: b"[" + message(number) + b"]",
        Reason.NUL: message(number, adv_campaign_content="a\0b"),
        Reason.LONE_SURROGATE: surrogate,
        Reason.MISSING_FIELD: b'{"datetime_created": %d}' % number,
        Reason.TOMBSTONE: None,
    }
    return list(kinds.values())[number % len(kinds)]
