"""Sample and live data are never mixed: the switch sets one aside before the other begins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.integration.wikimedia.test_collector_exactly_once import fresh_topics
from tests.support.stores import own_database, own_redis
from weir.clock import utc_now
from weir.errors import ContractError
from weir.kafka.reader import end_offsets, read_range
from weir.kafka.record import Record
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.desired import want_drained
from weir.ops.lease import ensure_stream, release
from weir.settings import Settings
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.parse import Place
from weir.sources.wikimedia.switch import carry_out, plan_switch, stored_mode
from weir.store.collectors import CollectorRow, upsert_collector
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
STREAM = "wikimedia_domain_counts"


@pytest.fixture
def own(platform: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A database, a Redis and a topic of the test's own, with counted sample data."""
    topic = fresh_topics(platform)
    with own_database(platform, tmp_path) as settings, own_redis(tmp_path) as cache:
        update = {"wikimedia_topic": topic, "redis_url": cache.url, "redis_password_file": None}
        yield settings.model_copy(update=update)


@pytest.fixture
def database(own: Settings) -> Iterator[psycopg.Connection]:
    with connect(own.dsn_file, application_name="weir:test") as connection:
        yield connection


def collect_sample(own: Settings, database: psycopg.Connection) -> None:
    publisher = TransactionalPublisher(own, "wikimedia")
    publisher.start()
    positions = Positions()
    positions.advance(Place("eqiad.rc", 0), 5)
    records = [Record(topic=own.wikimedia_topic, value=b"{}") for _ in range(10)]
    publisher.commit(records, positions.as_cursor("sample"))
    database.execute(
        "insert into wikimedia.domain_total values ('x.org', 10, 8, 2, now());"
        "insert into wikimedia.domain_minute values (now(), 'x.org', 10, 8, 2)"
    )
    count_up_to(own, database, end_offsets(own, own.wikimedia_topic))


def count_up_to(own: Settings, database: psycopg.Connection, ends: dict[int, int]) -> None:
    database.execute(
        "insert into ops.stream (stream) values (%s) on conflict do nothing", (STREAM,)
    )
    for partition, end in ends.items():
        database.execute(
            "insert into ops.query_offset (stream, query, topic, partition, next_offset) "
            "values (%s, 'counts', %s, %s, %s) on conflict (stream, query, topic, partition) "
            "do update set next_offset = excluded.next_offset",
            (STREAM, own.wikimedia_topic, partition, end),
        )


def test_the_sample_counts_move_aside_and_live_begins_empty(
    own: Settings, database: psycopg.Connection
):
    """A sum of sample and live edits is a number about nothing."""
    collect_sample(own, database)
    ends = end_offsets(own, own.wikimedia_topic)
    carry_out(own, database, plan_switch(own, database, "live", utc_now()), utc_now())
    assert stored_mode(own) == "live"
    assert database.execute("select count(*) from wikimedia.domain_total").fetchone() == (0,)
    assert database.execute("select count(*) from wikimedia.domain_minute").fetchone() == (0,)
    (name,) = database.execute(
        "select tablename from pg_tables where schemaname = 'aside' and tablename like '%total%'"
    ).fetchone()
    assert name.startswith("wikimedia_domain_total_sample_")
    assert database.execute(f'select domain, changes from aside."{name}"').fetchall() == [
        ("x.org", 10)
    ]
    assert list(read_range(own, own.wikimedia_topic)) == []
    assert end_offsets(own, own.wikimedia_topic) == ends  # the stream goes on where it stands


def test_the_same_mode_needs_no_switch(own: Settings, database: psycopg.Connection):
    """Typing it twice must not throw the new data away."""
    collect_sample(own, database)
    assert not plan_switch(own, database, "sample", utc_now()).is_needed


def test_messages_that_are_not_counted_yet_stand_in_the_way(
    own: Settings, database: psycopg.Connection
):
    """Deleting them would make the stream stop at a hole in its topic."""
    collect_sample(own, database)
    ends = end_offsets(own, own.wikimedia_topic)
    count_up_to(own, database, {number: max(0, end - 1) for number, end in ends.items()})
    with pytest.raises(ContractError, match="messages to count"):
        plan_switch(own, database, "live", utc_now())


def hold_lease(database: psycopg.Connection, heartbeat_seconds: float) -> None:
    """As if a driver of epoch 1 had given its last sign of life so long ago."""
    ensure_stream(database, STREAM)
    database.execute("update ops.stream_lease set epoch = 1, owner = 'driver'")
    database.execute(
        "insert into ops.stream_heartbeat (stream, epoch, beat, heartbeat_at, started_at)"
        " values (%s, 1, 1, clock_timestamp() - make_interval(secs => %s), now())",
        (STREAM, heartbeat_seconds),
    )


def test_a_running_collector_stands_in_the_way(own: Settings, database: psycopg.Connection):
    """It would write the old mode's data behind the switch's back."""
    collect_sample(own, database)
    now = utc_now()
    row = CollectorRow(
        collector="wikimedia",
        mode="sample",
        state="streaming",
        started_at=now,
        heartbeat_at=now,
        pid=os.getpid(),
    )
    upsert_collector(database, row)
    with pytest.raises(ContractError, match="collector is running"):
        plan_switch(own, database, "live", now)
    upsert_collector(database, replace(row, state="stopped"))
    assert plan_switch(own, database, "live", now).is_needed


def test_a_running_stream_stands_in_the_way_until_it_is_drained(
    own: Settings, database: psycopg.Connection
):
    """Once `weir streams drain` has returned nobody should have to wait."""
    collect_sample(own, database)
    hold_lease(database, heartbeat_seconds=0)
    with pytest.raises(ContractError, match="wikimedia_domain_counts is"):
        plan_switch(own, database, "live", utc_now())
    want_drained(database, STREAM, "test", "drained")
    with pytest.raises(ContractError, match="wikimedia_domain_counts is draining") as refused:
        plan_switch(own, database, "live", utc_now())
    assert "weir streams drain wikimedia_domain_counts" in refused.value.hint
    assert release(database, STREAM, 1)
    assert plan_switch(own, database, "live", utc_now()).is_needed


def test_a_dead_driver_of_a_drained_stream_does_not_stand_in_the_way(
    own: Settings, database: psycopg.Connection
):
    """It never gives its lease back; its relaunch sees that it is not wanted, and leaves."""
    collect_sample(own, database)
    hold_lease(database, heartbeat_seconds=11)
    with pytest.raises(ContractError, match="wikimedia_domain_counts is restarting"):
        plan_switch(own, database, "live", utc_now())
    want_drained(database, STREAM, "test", "drained")
    assert plan_switch(own, database, "live", utc_now()).is_needed
