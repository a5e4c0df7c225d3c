"""Rows of a promo stream's past, written by hand: what it received, sealed and was answered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import psycopg

Pg = psycopg.Connection[Any]


@dataclass(frozen=True)
class Past:
    """Writes one campaign's past; ids are new in each test, so that tests share a database."""

    connection: Pg
    restaurant: str = field(default_factory=lambda: str(uuid.uuid4()))
    campaign: str = field(default_factory=lambda: str(uuid.uuid4()))
    stream: str = "promo_join"

    def received(
        self, *, state: str = "active", notified: int = 0, starts: int = 100, ends: int = 10**10
    ) -> None:
        self.connection.execute(
            """insert into promo.campaign (adv_campaign_id, restaurant_id, content, owner, contact,
                 starts_at, ends_at, datetime_created, state, notified)
               values (%s, %s, 'soup', 'Кафе «Север»', 'ask at the bar', %s, %s, 50, %s, %s)""",
            [self.campaign, self.restaurant, starts, ends, state, notified],
        )

    def sealed(self, clients: list[str], at: int, chunk: int = 0, seq: int | None = None) -> int:
        """One batch, or one more chunk of the batch `seq`; its seq."""
        if seq is None:
            row = self.connection.execute(
                """insert into ops.batch_ledger (stream, query, generation, batch_id, epoch,
                     offsets, n_rows, chunks, sealed_at)
                   select %s, 'test', 1, coalesce(max(seq), 0) + 1000000, 1, '{}', %s, 1,
                     to_timestamp(%s) from ops.batch_ledger returning seq""",
                [self.stream, len(clients), at],
            ).fetchone()
            assert row
            seq = int(row[0])
        for client in clients:
            self.connection.execute(
                """insert into public.subscribers_feedback (restaurant_id, adv_campaign_id,
                     adv_campaign_content, adv_campaign_owner, adv_campaign_owner_contact,
                     adv_campaign_datetime_start, adv_campaign_datetime_end, datetime_created,
                     client_id, trigger_datetime_created)
                   values (%s, %s, 'soup', 'o', 'c', 100, 10000000000, 50, %s, %s)""",
                [self.restaurant, self.campaign, client, at],
            )
            self.connection.execute(
                "insert into promo.batch_member values (%s, %s, %s, %s, %s, gen_random_uuid())",
                [self.stream, seq, chunk, client, self.campaign],
            )
        return seq

    def subscribed(self, *clients: str) -> None:
        for client in clients:
            self.connection.execute(
                "insert into public.subscribers_restaurants (client_id, restaurant_id)"
                " values (%s, %s)",
                [client, self.restaurant],
            )

    def feedback_of(self, client: str) -> str | None:
        row = self.connection.execute(
            "select feedback from public.subscribers_feedback"
            " where adv_campaign_id = %s and client_id = %s",
            [self.campaign, client],
        ).fetchone()
        assert row
        return str(row[0]) if row[0] is not None else None
