"""Whom a campaign would reach: the subscribers of its restaurant now, without those notified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg

from weir.promo.campaigns import StoredCampaign

Pg = psycopg.Connection[Any]

COUNT: Final = """
    select count(distinct client_id), count(*) from public.subscribers_restaurants
    where restaurant_id = %s
"""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Clients are counted once, however often they subscribed."""

    restaurant_id: str
    clients: int
    subscriptions: int


def count_reach(subscribers: Pg, restaurant: str) -> Reach:
    """The subscribers of one restaurant as they are now."""
    row = subscribers.execute(COUNT, [restaurant]).fetchone()
    clients, subscriptions = row if row else (0, 0)
    return Reach(restaurant_id=restaurant, clients=clients, subscriptions=subscriptions)


def to_be_notified(campaign: StoredCampaign, reach: Reach) -> int:
    """How many more it would notify if nobody subscribed or left from now on, at least.

    Who left after the notification still counts as notified.
    """
    if campaign.cancelled_at is not None or campaign.state in ("cancelled", "expired"):
        return 0
    if campaign.at_start_only and campaign.state == "active":
        return 0
    return max(0, reach.clients - campaign.notified)
