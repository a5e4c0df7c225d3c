"""The part of `make run`'s closing screen that shows promo: campaigns, and what went out."""

from __future__ import annotations

import time
from itertools import islice

import orjson

from weir.cli.terminal import printable
from weir.errors import Unavailable
from weir.kafka.cluster import promo_output, settings_at
from weir.kafka.reader import read_range
from weir.promo.campaigns import StoredCampaign, list_campaigns
from weir.promo.samples import is_foreign
from weir.settings import Settings
from weir.store.postgres import connect

LIMIT_SECONDS = 120.0
SHOWN = 3


def show_notifications(settings: Settings) -> None:
    """Wait for the first notifications; print them. A platform that is fed from outside, or that
    wants no sample data, may have none: then only what there is. Raises Unavailable."""
    expected = settings.promo_samples and not is_foreign(settings)
    campaigns = wait_for_notified(settings) if expected else fetch_campaigns(settings)
    sample = all(campaign.content.startswith("SAMPLE") for campaign in campaigns)
    print(f"\nPromo ({'sample data, ' if campaigns and sample else ''}newest campaigns):")
    for campaign in campaigns[:8]:
        content = printable(campaign.content, 50)
        print(f"  {campaign.state:<10} {campaign.notified:>6} notified  {content}")
    if not campaigns:
        print("  none yet: bin/weir promo send FILE")
        return
    at_output = settings_at(settings, promo_output(settings))
    messages = list(islice(read_range(at_output, settings.promo_out_topic), SHOWN))
    print(f"  in {settings.promo_out_topic}:")
    for message in messages:
        body = orjson.loads(message.value or b"{}")
        client, content = (str(body.get(n)) for n in ("client_id", "adv_campaign_content"))
        print(f"    to {printable(client)}: {printable(content, 50)}")


def fetch_campaigns(settings: Settings) -> list[StoredCampaign]:
    """The newest campaigns."""
    with connect(settings.dsn_file, application_name="weir-up") as connection:
        return list_campaigns(connection, limit=8)


def wait_for_notified(settings: Settings) -> list[StoredCampaign]:
    """The campaigns as soon as one has notified somebody. Raises Unavailable."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        campaigns = fetch_campaigns(settings)
        if any(campaign.notified for campaign in campaigns):
            return campaigns
        time.sleep(0.5)
    raise Unavailable(
        f"no notification after {LIMIT_SECONDS:.0f} s",
        "weir streams show promo_join; weir logs promo_join; weir dlq list",
    )
