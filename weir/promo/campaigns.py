"""The campaigns that the stream has received, and the order to cancel one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from weir.errors import SettingError
from weir.ops.audit import note_deed

Pg = psycopg.Connection[Any]

SELECT: Final = """
    select adv_campaign_id, restaurant_id, content, owner, contact, starts_at, ends_at,
           datetime_created, revision, state, at_start_only, received_at, decided_at,
           cancelled_at, cancelled_by, notified
    from promo.campaign
"""
CANCEL: Final = """
    update promo.campaign set cancelled_at = clock_timestamp(), cancelled_by = %s
    where adv_campaign_id = %s and cancelled_at is null
"""
UNKNOWN_HINT: Final = (
    "weir promo list shows those that the stream has received; it takes a second or two"
)


STATES: Final = ("held", "active", "expired", "cancelled")


@dataclass(frozen=True, kw_only=True)
class StoredCampaign:
    """One row of `promo.campaign`. `state` is what the newest sealed batch decided."""

    adv_campaign_id: str
    restaurant_id: str
    content: str
    owner: str
    contact: str
    starts_at: int
    ends_at: int
    datetime_created: int
    revision: int
    state: str
    at_start_only: bool
    received_at: datetime
    decided_at: datetime
    cancelled_at: datetime | None
    cancelled_by: str | None
    notified: int


def refuse_unknown_state(state: str) -> None:
    """Raises SettingError for a word that is no state; none at all is all of them."""
    if state and state not in STATES:
        raise SettingError(f"there is no state {state!r}", f"there are: {', '.join(STATES)}")


def list_campaigns(
    connection: Pg, *, state: str | None = None, restaurant: str | None = None, limit: int = 50
) -> list[StoredCampaign]:
    """The campaigns received last, newest first."""
    with connection.cursor(row_factory=class_row(StoredCampaign)) as cursor:
        return cursor.execute(
            SELECT
            + " where (%(state)s::text is null or state = %(state)s)"
            + " and (%(restaurant)s::text is null or restaurant_id = %(restaurant)s)"
            + " order by received_at desc, adv_campaign_id limit %(limit)s",
            {"state": state, "restaurant": restaurant, "limit": limit},
        ).fetchall()


def fetch_campaign(connection: Pg, campaign: str) -> StoredCampaign:
    """One campaign by its id, in capitals or not. Raises SettingError when none was received."""
    with connection.cursor(row_factory=class_row(StoredCampaign)) as cursor:
        found = cursor.execute(SELECT + " where adv_campaign_id = %s", [campaign.lower()])
        row = found.fetchone()
    if row is None:
        raise SettingError(f"no campaign {campaign} was received", UNKNOWN_HINT)
    return row


def cancel_campaign(connection: Pg, campaign: str, *, who: str, via: str) -> StoredCampaign:
    """Order that no batch sealed from now on sends it; what is sealed is still published.

    The stream writes the state in its next batch, which the wake-up of this order makes.
    Cancelling twice equals cancelling once. Raises SettingError when none was received.
    """
    with connection.transaction():
        known = fetch_campaign(connection, campaign)
        # Waits for a batch that is being sealed; what it notified counts as notified before.
        ordered = connection.execute(CANCEL, [who, known.adv_campaign_id]).rowcount
        found = fetch_campaign(connection, campaign)
        if ordered:
            note_deed(
                connection,
                who=who,
                via=via,
                action="cancel",
                subject=f"campaign {found.adv_campaign_id}",
                notified=found.notified,
            )
    return found


def admit_latecomers(
    connection: Pg, campaign: str, admitted: bool, *, who: str, via: str
) -> StoredCampaign:
    """Whether those who subscribe after a campaign has begun get it too (by default they do).

    Counts for batches that are sealed from now on; it takes nothing back.
    """
    with connection.transaction():
        known = fetch_campaign(connection, campaign)
        if known.at_start_only == (not admitted):
            return known
        connection.execute(
            "update promo.campaign set at_start_only = %s where adv_campaign_id = %s",
            [not admitted, known.adv_campaign_id],
        )
        note_deed(
            connection,
            who=who,
            via=via,
            action="latecomers",
            subject=f"campaign {known.adv_campaign_id}",
            admitted=admitted,
        )
        return fetch_campaign(connection, campaign)
