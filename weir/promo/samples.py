"""Made-up subscribers and campaigns for a first look; each content says SAMPLE.

They are put only into an empty local platform, so they never mix with anybody's own.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from weir.kafka.offsets import end_offsets
from weir.promo.campaign_file import read_entries, refuse_bad
from weir.promo.send import send_campaigns
from weir.promo.subscribers import import_subscribers, parse_subscribers
from weir.settings import REPO, Settings
from weir.store.postgres import connect

SUBSCRIBERS: Final = REPO / "include" / "data" / "subscribers.csv"
CAMPAIGNS: Final = REPO / "include" / "data" / "campaigns.jsonl"

IS_EMPTY: Final = """
    select not exists (select from public.subscribers_restaurants)
       and not exists (select from promo.campaign)
"""


def is_foreign(settings: Settings) -> bool:
    """Whether any of what promo reads or writes is somebody else's."""
    others = (
        *(settings.promo_in_bootstrap, settings.promo_out_bootstrap, settings.kafka_bootstrap),
        *(settings.subscribers_dsn_file, settings.postgres_dsn_file),
    )
    return any(others)


def put_samples(settings: Settings) -> str:
    """Fill an empty local platform; what was done, in a few words."""
    if is_foreign(settings) or not settings.promo_samples:
        return "no sample data wanted"
    return fill_if_empty(settings)


def fill_if_empty(settings: Settings) -> str:
    """Import and send the samples unless anything is there already.

    The subscribers come first, so that every campaign finds its audience. One that broke off in
    between leaves subscribers without campaigns; `weir promo send` of the file brings them.
    """
    with connect(settings.dsn_file, application_name="weir:promo:samples") as connection:
        if any(end_offsets(settings, settings.promo_in_topic).values()):
            return "has campaigns already"
        if not _is_empty(connection):
            return "has subscribers already"
        with SUBSCRIBERS.open(encoding="utf-8", newline="") as lines:
            subscribers = import_subscribers(connection, parse_subscribers(lines)).added
    campaigns = send_campaigns(settings, refuse_bad(read_entries(CAMPAIGNS.read_bytes())))
    return f"{subscribers} subscribers, {campaigns} campaigns"


def _is_empty(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(IS_EMPTY).fetchone()
    return bool(row and row[0])
