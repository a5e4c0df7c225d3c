"""From an audience to rows: `public.subscribers_feedback` and the members of the batch.

In chunks, so that a million subscribers need no more memory than twenty thousand. A chunk is one
transaction of Kafka; who is in it is a row, so it is the same whenever it is published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from weir.ops.failpoint import reach
from weir.ops.lease import Pg
from weir.promo.decide import Active, Decision, by_restaurant
from weir.promo.notification import notification_id
from weir.promo.subscriptions import Subscription, Subscriptions

CHUNK_ROWS: Final = 20_000
CHUNK_BYTES: Final = 32_000_000
"""Of text: long contents make smaller chunks."""

CREATE: Final = (
    "create temp table if not exists promo_stage"
    " (campaign text not null, client text not null, notification_id uuid not null)"
    " on commit delete rows"
)
COPY: Final = "copy promo_stage (campaign, client, notification_id) from stdin"
# In the order of the unique index, so that two writers can wait for each other but never deadlock.
SEAL_CHUNK: Final = """
    with fresh as (
      insert into public.subscribers_feedback (
        restaurant_id, adv_campaign_id, adv_campaign_content, adv_campaign_owner,
        adv_campaign_owner_contact, adv_campaign_datetime_start, adv_campaign_datetime_end,
        datetime_created, client_id, trigger_datetime_created)
      select c.restaurant_id, c.adv_campaign_id, c.content, c.owner, c.contact, c.starts_at,
             c.ends_at, c.datetime_created, s.client, %(now)s
      from promo_stage s join promo.campaign c on c.adv_campaign_id = s.campaign
      order by s.campaign, s.client
      on conflict (adv_campaign_id, client_id) do nothing
      returning adv_campaign_id, client_id
    ), members as (
      insert into promo.batch_member (stream, seq, chunk, client, campaign, notification_id)
      select %(stream)s, %(seq)s, %(chunk)s, s.client, s.campaign, s.notification_id
      from fresh f join promo_stage s on s.campaign = f.adv_campaign_id and s.client = f.client_id
      returning campaign, notification_id
    ), counted as (
      update promo.campaign c set notified = c.notified + n.n
      from (select campaign, count(*) as n from members group by campaign) n
      where c.adv_campaign_id = n.campaign
    )
    select count(*), md5(coalesce(string_agg(notification_id::text, '' order by notification_id),
                                  ''))
    from members
"""
NOTE_CHUNK: Final = (
    "insert into promo.batch_chunk (stream, seq, chunk, n, digest) values (%s, %s, %s, %s, %s)"
)

Pair = tuple[Active, str]


def digest_of(ids: list[str]) -> str:
    """What SEAL_CHUNK returns for these notification ids."""
    return hashlib.md5("".join(sorted(ids)).encode(), usedforsecurity=False).hexdigest()


@dataclass
class Stage:
    """The chunks of one batch, as they are written."""

    connection: Pg
    stream: str
    seq: int
    now: int
    chunks: int = 0
    rows: int = 0
    used: bool = False  # the stage holds the chunk before, also one that notified nobody

    def fill(self, pairs: Iterator[Pair]) -> None:
        """Write every pair that was not notified before."""
        chunk: list[tuple[str, str]] = []
        text_bytes = 0
        for active, client in pairs:
            chunk.append((active.campaign, client))
            text_bytes += active.text_bytes
            if len(chunk) >= CHUNK_ROWS or text_bytes >= CHUNK_BYTES:
                self._write(chunk)
                chunk, text_bytes = [], 0
        if chunk:
            self._write(chunk)

    def _write(self, pairs: list[tuple[str, str]]) -> None:
        with self.connection.cursor() as cursor:
            if self.used:
                cursor.execute("truncate promo_stage")
            with cursor.copy(COPY) as copy:
                for campaign, client in pairs:
                    copy.write_row((campaign, client, notification_id(campaign, client)))
                reach("in_copy")
            self.used = True
            parameters = {
                "stream": self.stream,
                "seq": self.seq,
                "chunk": self.chunks + 1,
                "now": self.now,
            }
            n, digest = cursor.execute(SEAL_CHUNK, parameters).fetchone() or (0, "")
            reach("after_rows")
            if not n:  # everybody was notified before
                return
            self.chunks += 1
            self.rows += n
            cursor.execute(NOTE_CHUNK, [self.stream, self.seq, self.chunks, n, digest])


def pairs_of(decision: Decision, subscriptions: Subscriptions) -> Iterator[Pair]:
    """Every (campaign, client) that the batch may notify, read as it is needed."""
    at = by_restaurant(decision.whole)
    if at:
        yield from _paired(subscriptions.whole(sorted(at)), at)
    if decision.subscriptions:
        at = by_restaurant(decision.some)
        yield from _paired(subscriptions.some(decision.subscriptions), at)


def _paired(found: Iterator[Subscription], at: Mapping[str, list[Active]]) -> Iterator[Pair]:
    for restaurant, client in found:
        for active in at[restaurant]:
            yield active, client
