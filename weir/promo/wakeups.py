"""What `promo-wakeups` carries: reasons to look at a campaign again, read by the stream itself.

A wake-up decides nothing. The batch that reads it looks at the campaign and at the clock, so a
wake-up that comes twice, late or for nothing does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

MAX_CLIENTS: Final = 500
"""So many new subscribers are told in one record."""

MAX_CLIENT_BYTES: Final = 1000
"""Of a longer id no subscriber is read (`USABLE`), so none is told; nor of such a restaurant."""

MAX_VALUE_BYTES: Final = 100_000
"""Or as many as fit: the stream reads no longer ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignWake:
    """A start or an end is due, or a cancellation was ordered.

    again: look at its whole audience even if it was looked at before.
    """

    campaign: str
    again: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberWake:
    """These clients are new at this restaurant: its active campaigns are theirs too."""

    restaurant: str
    clients: tuple[str, ...]


Wake = CampaignWake | SubscriberWake


def wake_json(wake: Wake) -> bytes:
    """The record's value."""
    match wake:
        case CampaignWake():
            body: dict[str, Any] = {"adv_campaign_id": wake.campaign, "again": wake.again}
        case SubscriberWake():
            body = {"restaurant_id": wake.restaurant, "client_ids": list(wake.clients)}
    return orjson.dumps(body)


def wake_key(wake: Wake) -> bytes:
    """The record's key: wake-ups of one campaign, or one restaurant, stay in order."""
    return (wake.campaign if isinstance(wake, CampaignWake) else wake.restaurant).encode()


def parse_wake(value: bytes | None) -> Wake | None:
    """The wake-up in a record; None when it is none."""
    try:
        body = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    match body:
        case {"adv_campaign_id": str(campaign), **more} if _is_text(campaign):
            return CampaignWake(campaign=campaign, again=more.get("again") is True)
        case {"restaurant_id": str(restaurant), "client_ids": [*clients]} if (
            _is_text(restaurant) and len(clients) <= MAX_CLIENTS and all(map(_is_text, clients))
        ):
            return SubscriberWake(restaurant=restaurant, clients=tuple(clients))
    return None


def wakes_of(restaurant: str, clients: Sequence[str]) -> list[SubscriberWake]:
    """The new clients of one restaurant, in records of at most MAX_CLIENTS that stay short.

    Left out are ids that no batch would read.
    """
    if not _is_usable(restaurant):
        return []
    empty = len(wake_json(SubscriberWake(restaurant=restaurant, clients=())))
    told: list[list[str]] = []
    size = MAX_VALUE_BYTES
    for client in filter(_is_usable, clients):
        more = len(orjson.dumps(client)) + 1
        if size + more > MAX_VALUE_BYTES or len(told[-1]) == MAX_CLIENTS:
            told.append([])
            size = empty
        told[-1].append(client)
        size += more
    return [SubscriberWake(restaurant=restaurant, clients=tuple(some)) for some in told]


def _is_usable(name: str) -> bool:
    return 1 <= len(name.encode()) <= MAX_CLIENT_BYTES


def _is_text(value: object) -> bool:
    """Something that PostgreSQL can compare with an id."""
    return isinstance(value, str) and value != "" and "\x00" not in value
