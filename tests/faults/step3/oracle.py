"""What promo must send, worked out the slow, obvious way from what was produced and subscribed.

Nothing of Weir is imported: a mistake in its parser or in its names must not be repeated here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NAMESPACE = uuid.UUID("5f0c2f5e-9a1d-5f7b-8c53-6a7d0b9e4c21")
FIELDS = (
    "restaurant_id",
    "adv_campaign_id",
    "adv_campaign_content",
    "adv_campaign_owner",
    "adv_campaign_owner_contact",
    "adv_campaign_datetime_start",
    "adv_campaign_datetime_end",
    "client_id",
    "datetime_created",
)
"""Of a notification, in order; the time of its sealing follows."""


@dataclass(frozen=True)
class Sent:
    """One notification as a reader must see it, without the time of its sealing."""

    notification_id: str
    fields: tuple[Any, ...]


def owed(messages: Iterable[bytes | None], subscriptions: Iterable[tuple[str, str]]) -> set[Sent]:
    """Each client of a restaurant, once for each good campaign message of it.

    `messages`: what was produced, good and bad, all of them running now; a repeated message is
    one campaign. `subscriptions`: (restaurant_id, client_id), perhaps repeated.
    """
    clients: dict[str, set[str]] = {}
    for restaurant, client in subscriptions:
        clients.setdefault(restaurant, set()).add(client)
    found = set()
    for message in messages:
        campaign = read(message)
        if campaign is None:
            continue
        for client in clients.get(campaign["restaurant_id"], ()):
            values = {**campaign, "client_id": client}
            name = uuid.uuid5(NAMESPACE, f"{campaign['adv_campaign_id']}\x1f{client}")
            found.add(Sent(str(name), tuple(values[field] for field in FIELDS)))
    return found


def read(message: bytes | None) -> dict[str, Any] | None:
    """The campaign, or None: the matrix sends no bad message that is bad in a subtle way."""
    try:
        campaign = json.loads(message or b"")
    except ValueError:
        return None
    return campaign if isinstance(campaign, dict) and "adv_campaign_id" in campaign else None
