"""A campaign on which sealing fails: it is quarantined, all others are sealed once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from spark_jobs.lib.attempts import StoredTrials
from spark_jobs.lib.control import Control
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.guard import Guard
from spark_jobs.lib.quarantine import Quarantine
from spark_jobs.lib.slices import Slice
from tests.support.promo import NOON, TOPIC, SealingStream, campaign
from weir.contracts.campaign import Campaign, campaign_json
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.kafka.record import Message
from weir.promo.seal import QUERY, seal

pytestmark = pytest.mark.platform
BREAK = """
    create or replace function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'odd'; end $$;
    create trigger refuse before insert on promo.campaign
      for each row when (new.content = 'poison') execute function refuse();
"""


@pytest.fixture
def broken(stream: SealingStream) -> Iterator[SealingStream]:
    """PostgreSQL refuses one campaign, for a reason that the stream does not know."""
    stream.pg.execute("delete from ops.batch_attempt")
    stream.pg.execute(BREAK)  # type: ignore[arg-type]
    yield stream
    stream.pg.execute("drop function refuse cascade")


def live(stream: SealingStream, campaigns: list[Campaign], log: MemoryLog) -> None:
    """One driver with one batch of all that is not sealed yet."""
    stream.epoch = stream.take_over()
    driver = SimpleNamespace(
        file=SimpleNamespace(spec=SimpleNamespace(name=stream.stream)),
        epoch=stream.epoch,
        control=Control(),
        connect=lambda: psycopg.connect(stream.pg.info.dsn, autocommit=True),
    )

    def read(topic: str, start: Mapping[int, int], end: Mapping[int, int]) -> Iterator[Message]:
        value = campaign_json(campaigns[start[0]])
        yield Message(topic, 0, start[0], None, value, (), None)

    def process(piece: Slice) -> None:
        begin, end = piece.begins[TOPIC][0], piece.ends[TOPIC][0]
        seal(
            stream.pg,
            stream=stream.stream,
            epoch=stream.epoch,
            batch_id=piece.batch_id,
            offsets={TOPIC: {0: (begin, end)}},
            campaigns=campaigns[begin:end],
            wakes=(),
            refusals=(),
            subscriptions=stream.subscriptions,
            now=NOON,
        )

    quarantine = Quarantine(
        cast(Driver, driver), QUERY, read_range=read, publisher=lambda: MemoryPublisher(log)
    )
    guard = Guard(StoredTrials(cast(Driver, driver), QUERY, quarantine), lambda: None)
    batch = Slice(batch_id=0, begins={TOPIC: {0: 0}}, ends={TOPIC: {0: len(campaigns)}})
    guard.run(batch, process)


def test_a_campaign_that_cannot_be_sealed_is_quarantined_and_the_others_notify_once(
    broken: SealingStream,
) -> None:
    """Parts of a batch have its number and their own offsets: each is a batch in the ledger."""
    broken.subscribe("r1", "a", "b")
    names = [f"good {n}" for n in range(20)]
    contents = [*names[:13], "poison", *names[13:]]
    campaigns = [campaign("r1", content=content) for content in contents]
    log = MemoryLog()
    for _ in range(2):
        with pytest.raises(psycopg.errors.RaiseException):
            live(broken, campaigns, log)
    live(broken, campaigns, log)
    assert sorted(broken.notified()) == sorted((name, c) for name in names for c in "ab")
    letters: list[tuple[Any, ...]] = broken.rows(
        "select dedupe_key, reason, attempts, value from ops.dead_letter"
    )
    assert letters == [
        (f"{TOPIC}/0/13", "quarantined: RaiseException: odd", 3, campaign_json(campaigns[13]))
    ]
    assert broken.rows("select next_offset from ops.query_offset") == [(21,)]
    assert [record.value for record in log.records] == [campaign_json(campaigns[13])]
