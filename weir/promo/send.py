"""Sends campaigns to the stream's input topic, as any other producer may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from weir.contracts.campaign import Campaign
from weir.kafka.cluster import promo_input, settings_at
from weir.kafka.producer import ConfirmedProducer, Publisher
from weir.promo.campaign_file import Entry
from weir.settings import Settings

Activity = Literal["held", "active", "expired"]


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One campaign as it is, or would be, sent. `now` is by this machine's clock: the stream
    decides by the database's."""

    line: int
    adv_campaign_id: str
    restaurant_id: str
    starts: datetime
    ends: datetime
    now: Activity


def activity(campaign: Campaign, at_seconds: float) -> Activity:
    """Active means start <= now < end."""
    if at_seconds < campaign.adv_campaign_datetime_start:
        return "held"
    return "active" if at_seconds < campaign.adv_campaign_datetime_end else "expired"


def describe(entry: Entry, campaign: Campaign, now_utc: datetime) -> Outgoing:
    """What a person wants to see of a campaign before it goes out."""
    return Outgoing(
        line=entry.line,
        adv_campaign_id=campaign.adv_campaign_id,
        restaurant_id=campaign.restaurant_id,
        starts=datetime.fromtimestamp(campaign.adv_campaign_datetime_start, UTC),
        ends=datetime.fromtimestamp(campaign.adv_campaign_datetime_end, UTC),
        now=activity(campaign, now_utc.timestamp()),
    )


def send_campaigns(
    settings: Settings,
    campaigns: Iterable[tuple[Entry, Campaign]],
    publisher: Publisher | None = None,
) -> int:
    """Publish the original bytes under the campaign's id; return how many Kafka confirmed.

    Under a crash: at least once, which is harmless: one campaign notifies a subscriber once,
    however often it is sent. Raises PublishError.
    """
    publisher = publisher or ConfirmedProducer(settings_at(settings, promo_input(settings)))
    for entry, campaign in campaigns:
        publisher.send(settings.promo_in_topic, entry.value, key=campaign.adv_campaign_id.encode())
    return publisher.flush()
