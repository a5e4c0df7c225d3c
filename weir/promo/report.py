"""What became of one campaign: how many were notified and answered, hour by hour.

Everything is read from one snapshot of PostgreSQL, so the sums agree with each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from weir.promo.campaigns import StoredCampaign, fetch_campaign

Pg = psycopg.Connection[Any]

HOURS: Final = """
    select trigger_datetime_created / 3600 * 3600, count(*), count(feedback)
    from public.subscribers_feedback where adv_campaign_id = %s group by 1 order by 1
"""
ANSWERS: Final = """
    select feedback, count(*) from public.subscribers_feedback
    where adv_campaign_id = %s and feedback is not null group by 1 order by 2 desc, 1 limit %s
"""
# Members are found by batch, not by campaign: only batches sealed when its rows were made ...
BATCHES: Final = """
    select m.stream, m.seq, m.chunk, count(*), l.sealed_at
    from (select min(trigger_datetime_created) as first, max(trigger_datetime_created) as last
          from public.subscribers_feedback where adv_campaign_id = %(campaign)s) made
    join ops.batch_ledger l on l.sealed_at >= to_timestamp(made.first - 60)
      and l.sealed_at <= to_timestamp(made.last + 3600)
    join promo.batch_member m on m.stream = l.stream and m.seq = l.seq
    where m.campaign = %(campaign)s group by 1, 2, 3, 5 order by 1, 2, 3
"""
# ... and if that leaves any out (a clock was set), by reading them all.
ALL_BATCHES: Final = """
    select m.stream, m.seq, m.chunk, count(*), l.sealed_at
    from promo.batch_member m join ops.batch_ledger l using (stream, seq)
    where m.campaign = %(campaign)s group by 1, 2, 3, 5 order by 1, 2, 3
"""
MOST_ANSWERS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Hour:
    """Notifications that were decided in this hour, and how many of them are answered by now."""

    starts: datetime
    sent: int
    answered: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer and how often it was given."""

    feedback: str
    clients: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """The campaign's share of one Kafka transaction of one sealed batch."""

    stream: str
    seq: int
    chunk: int
    notifications: int
    sealed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Report:
    """`sent` are rows of public.subscribers_feedback; `answers` are the most frequent ones."""

    campaign: StoredCampaign
    sent: int
    answered: int
    hours: list[Hour]
    answers: list[Answer]
    parts: list[Part]

    @property
    def answered_share(self) -> float | None:
        """0..1; None when nothing was sent."""
        return self.answered / self.sent if self.sent else None


def fetch_report(connection: Pg, campaign: str) -> Report:
    """The report as of now. Raises SettingError when no such campaign was received."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        stored = fetch_campaign(connection, campaign)
        name = [stored.adv_campaign_id]
        hours = [
            Hour(starts=datetime.fromtimestamp(start, UTC), sent=sent, answered=answered)
            for start, sent, answered in connection.execute(HOURS, name)
        ]
        answers = [
            Answer(feedback=feedback, clients=clients)
            for feedback, clients in connection.execute(ANSWERS, [*name, MOST_ANSWERS])
        ]
        sent = sum(hour.sent for hour in hours)
        parts = _parts(connection, BATCHES, stored.adv_campaign_id)
        if sum(part.notifications for part in parts) != sent:
            parts = _parts(connection, ALL_BATCHES, stored.adv_campaign_id)
    return Report(
        campaign=stored,
        sent=sent,
        answered=sum(hour.answered for hour in hours),
        hours=hours,
        answers=answers,
        parts=parts,
    )


def _parts(connection: Pg, query: str, campaign: str) -> list[Part]:
    rows = connection.execute(query, {"campaign": campaign}).fetchall()
    return [
        Part(stream=stream, seq=seq, chunk=chunk, notifications=n, sealed_at=sealed_at)
        for stream, seq, chunk, n, sealed_at in rows
    ]
