"""Promo in a database of a test's own: campaigns, subscribers, and batches sealed one by one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from weir.contracts.campaign import Campaign
from weir.kafka.dead_letters import DeadLetter
from weir.ops import lease, ledger
from weir.promo.seal import QUERY, Sealed, prepare, seal
from weir.promo.subscriptions import SubscriberTable, Subscriptions
from weir.promo.wakeups import Wake
from weir.settings import Settings
from weir.store.postgres import connect

TOPIC = "campaigns"
DAY = 86_400
NOON = 1_800_000_000
TABLES = (
    *("public.subscribers_feedback", "public.subscribers_restaurants", "promo.campaign"),
    *("promo.batch_member", "promo.batch_chunk", "promo.subscriber_change", "ops.batch_ledger"),
    *("ops.publication", "ops.dead_letter", "ops.query_offset", "ops.stream_progress"),
    *("ops.stream_heartbeat", "ops.stream_lease", "ops.stream"),
)


def campaign(restaurant: str = "r1", name: str | None = None, **changes: Any) -> Campaign:
    """A campaign that is active at NOON; `changes` by short names."""
    return Campaign(
        restaurant_id=restaurant,
        adv_campaign_id=name or str(uuid.uuid4()),
        adv_campaign_content=changes.pop("content", "soup for two"),
        adv_campaign_owner=changes.pop("owner", "Кафе «Север»"),
        adv_campaign_owner_contact=changes.pop("contact", "north@restaurant_id"),
        adv_campaign_datetime_start=changes.pop("start", NOON - DAY),
        adv_campaign_datetime_end=changes.pop("end", NOON + DAY),
        datetime_created=changes.pop("created", NOON - 2 * DAY),
        **changes,
    )


class SealingStream:
    """Seals batches as a driver does, under an epoch of its own."""

    def __init__(self, settings: Settings, stream: str = "promo") -> None:
        self.settings = settings
        self.stream = stream
        self.pg = connect(settings.dsn_file, application_name="test")
        for table in TABLES:
            self.pg.execute(f"truncate {table} cascade")  # type: ignore[arg-type]
        prepare(self.pg)
        lease.ensure_stream(self.pg, stream)
        self.epoch = self.take_over()
        ledger.begin_offsets(self.pg, self.place, {0: 0})
        self.offset = 0
        self.batch_id = -1
        self.subscriptions: Subscriptions = SubscriberTable(
            lambda: connect(settings.dsn_file, application_name="test-subscribers")
        )

    @property
    def place(self) -> ledger.Place:
        return ledger.Place(stream=self.stream, query=QUERY, topic=TOPIC)

    def take_over(self) -> int:
        """A new epoch, as a new driver takes it."""
        seen = lease.fetch_lease(self.pg, self.stream)
        epoch = lease.acquire(self.pg, seen, owner="host:1", token=uuid.uuid4().hex)
        assert epoch is not None
        return epoch

    def subscribe(self, restaurant: str, *clients: str) -> None:
        with self.pg.cursor() as cursor:
            cursor.executemany(
                "insert into public.subscribers_restaurants (client_id, restaurant_id)"
                " values (%s, %s)",
                [(client, restaurant) for client in clients],
            )

    def seal(
        self,
        *campaigns: Campaign,
        wakes: Iterable[Wake] = (),
        refusals: Sequence[DeadLetter] = (),
        now: int | None = NOON,
        again: bool = False,
        pg: lease.Pg | None = None,
        gained: Mapping[int, tuple[int, int]] | None = None,
    ) -> Sealed | None:
        """The next batch (or the last one `again`), of one message per campaign or wake-up.

        `gained`: of partitions that the topic got since, where they begin and end.
        """
        wakes = list(wakes)
        if not again:
            self.begin = self.offset
            self.offset += len(campaigns) + len(wakes) + len(refusals)
            self.batch_id += 1
        return seal(
            pg or self.pg,
            stream=self.stream,
            epoch=self.epoch,
            batch_id=self.batch_id,
            offsets={TOPIC: {0: (self.begin, self.offset), **(gained or {})}},
            campaigns=campaigns,
            wakes=wakes,
            refusals=refusals,
            subscriptions=self.subscriptions,
            now=now,
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.pg.execute(query).fetchall()  # type: ignore[arg-type]

    def notified(self) -> list[tuple[str, str]]:
        """(content, client) of each row, in the order of the clients."""
        return self.rows(
            "select adv_campaign_content, client_id from public.subscribers_feedback"
            " order by client_id, adv_campaign_content"
        )

    def states(self) -> dict[str, str]:
        return dict(self.rows("select adv_campaign_id, state from promo.campaign"))
