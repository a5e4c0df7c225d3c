"""What becomes of each campaign that a batch touches, by one reading of the database's clock.

Part of the sealing transaction: the rows of the campaigns stay locked until it ends, so an order
to cancel comes either before the decision, or after the seal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from weir.contracts.campaign import Campaign
from weir.ops.lease import Pg
from weir.promo.subscriptions import Subscription
from weir.promo.wakeups import CampaignWake, SubscriberWake, Wake

ACTIVE: Final = "active"

LOCK: Final = (
    "select adv_campaign_id, state from promo.campaign where adv_campaign_id = any(%s)"
    " order by adv_campaign_id for update"
)
AT_RESTAURANTS: Final = (
    "select adv_campaign_id from promo.campaign where restaurant_id = any(%s) and state = 'active'"
)
# Only other words are another revision: the same message twenty times is one. Older words, from a
# backlog or a dead letter that was sent again, are no correction of newer ones.
STORE: Final = """
    insert into promo.campaign as c (adv_campaign_id, restaurant_id, content, owner, contact,
                                     starts_at, ends_at, datetime_created, state)
    values (%s, %s, %s, %s, %s, %s, %s, %s, 'held')
    on conflict (adv_campaign_id) do update
    set restaurant_id = excluded.restaurant_id, content = excluded.content,
        owner = excluded.owner, contact = excluded.contact, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, datetime_created = excluded.datetime_created,
        revision = c.revision + 1, received_at = clock_timestamp()
    where excluded.datetime_created >= c.datetime_created
      and (c.restaurant_id, c.content, c.owner, c.contact, c.starts_at, c.ends_at,
           c.datetime_created)
       is distinct from (excluded.restaurant_id, excluded.content, excluded.owner,
           excluded.contact, excluded.starts_at, excluded.ends_at, excluded.datetime_created)
    returning adv_campaign_id
"""
NOW: Final = "select coalesce(%s::bigint, floor(extract(epoch from clock_timestamp()))::bigint)"
DECIDE: Final = """
    update promo.campaign
    set decided_at = clock_timestamp(),
        state = case when cancelled_at is not null then 'cancelled'
                     when %(now)s >= ends_at then 'expired'
                     when %(now)s < starts_at then 'held'
                     else 'active' end
    where adv_campaign_id = any(%(ids)s)
    returning adv_campaign_id, restaurant_id, state, at_start_only,
              octet_length(content) + octet_length(owner) + octet_length(contact)
"""


@dataclass(frozen=True, kw_only=True)
class Active:
    """A campaign that is active in this batch, and whose audience is looked at."""

    campaign: str
    restaurant: str
    text_bytes: int


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Who may be notified: the whole audience of some campaigns, and new clients of others."""

    now: int
    whole: tuple[Active, ...]
    some: tuple[Active, ...]
    subscriptions: tuple[Subscription, ...]
    """The new ones that concern `some`."""


def decide(
    connection: Pg,
    campaigns: Sequence[Campaign],
    wakes: Iterable[Wake],
    *,
    tells_changes: bool,
    now: int | None = None,
) -> Decision:
    """Store the messages and give every campaign its state.

    Of many messages of a campaign the newest by its own `datetime_created` counts, of equally old
    ones the last.
    An unchanged message of an active campaign asks for no second look at its audience where each
    new subscriber is told of anyway (`tells_changes`).
    """
    newest = {
        campaign.adv_campaign_id: campaign
        for campaign in sorted(campaigns, key=lambda campaign: campaign.datetime_created)
    }
    wakes = list(wakes)
    woken = {wake.campaign: wake.again for wake in wakes if isinstance(wake, CampaignWake)}
    new = {
        (wake.restaurant, client)
        for wake in wakes
        if isinstance(wake, SubscriberWake)
        for client in wake.clients
    }
    here = connection.execute(AT_RESTAURANTS, [sorted({r for r, _ in new})]).fetchall()
    ids = sorted({*newest, *woken, *(row[0] for row in here)})
    before: dict[str, str] = dict(connection.execute(LOCK, [ids]).fetchall())
    changed = _store(connection, [newest[name] for name in sorted(newest)])
    (moment,) = connection.execute(NOW, [now]).fetchone() or (0,)
    rows = connection.execute(DECIDE, {"now": moment, "ids": ids}).fetchall()
    whole, some = [], []
    for name, restaurant, state, at_start_only, text_bytes in sorted(rows):
        if state != ACTIVE:
            continue
        active = Active(campaign=name, restaurant=restaurant, text_bytes=text_bytes)
        if before.get(name) != ACTIVE:
            whole.append(active)
        elif at_start_only:
            continue
        elif name in changed or woken.get(name) or (name in newest and not tells_changes):
            whole.append(active)
        else:
            some.append(active)
    at = {active.restaurant for active in some}
    return Decision(
        now=moment,
        whole=tuple(whole),
        some=tuple(some),
        subscriptions=tuple(sorted(pair for pair in new if pair[0] in at)),
    )


def by_restaurant(campaigns: Iterable[Active]) -> Mapping[str, list[Active]]:
    """The campaigns of each restaurant."""
    found: dict[str, list[Active]] = {}
    for campaign in campaigns:
        found.setdefault(campaign.restaurant, []).append(campaign)
    return found


def _store(connection: Pg, campaigns: Sequence[Campaign]) -> set[str]:
    """Write the messages; the campaigns that are new or have other words now."""
    rows: list[tuple[Any, ...]] = [
        (
            *(c.adv_campaign_id, c.restaurant_id, c.adv_campaign_content, c.adv_campaign_owner),
            *(c.adv_campaign_owner_contact, c.adv_campaign_datetime_start),
            *(c.adv_campaign_datetime_end, c.datetime_created),
        )
        for c in campaigns
    ]
    changed: set[str] = set()
    if not rows:
        return changed
    with connection.cursor() as cursor:
        cursor.executemany(STORE, rows, returning=True)
        while True:
            changed |= {row[0] for row in cursor.fetchall()}
            if not cursor.nextset():
                return changed
