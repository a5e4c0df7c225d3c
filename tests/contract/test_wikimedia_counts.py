"""One suite over every way to read the counts: PostgreSQL, a rebuilt cache, a cache kept batch by
batch. All must give the same answer for the same offsets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.counting import count
from tests.support.stores import own_database, own_redis
from weir.store.postgres import connect
from weir.store.wikimedia_cache import WikimediaCache
from weir.store.wikimedia_counts import Counts, TimeRange
from weir.store.wikimedia_stats import fetch_counts

pytestmark = pytest.mark.platform

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DE, COMMONS, ODD = "de.wikipedia.org", "commons.wikimedia.org", 'ü"\\[x],{}\n\U0001f600.org'
BIG = 3_000_000_000_000_007

BATCHES = [
    ([(NOON, DE, 3, 2, 1), (NOON, COMMONS, 5, 5, 5)], {"wikimedia_events": {0: 4, 1: 7}}),
    ([(NOON, DE, 1, 1, 0), (NOON + MINUTE, ODD, BIG, 1, 0)], {"wikimedia_events": {0: 6, 1: 9}}),
    ([], {"wikimedia_events": {0: 8, 5: 2}}),  # only refused messages
    ([(NOON + MINUTE, DE, 10, 0, 0)], {"wikimedia_events": {1: 30}}),
]
COUNTED_TO = {"wikimedia_events": {0: 8, 1: 30, 5: 2}}


@pytest.fixture(scope="module")
def database(platform, tmp_path_factory):
    with own_database(platform, tmp_path_factory.mktemp("database")) as settings:
        yield settings


@pytest.fixture
def connection(database):
    with connect(database.dsn_file, application_name="test") as connection:
        connection.execute("truncate wikimedia.domain_minute, wikimedia.domain_total")
        connection.execute("truncate ops.query_offset")
        yield connection


@pytest.fixture
def cache(tmp_path):
    with own_redis(tmp_path) as server:
        yield WikimediaCache(server.client())


@pytest.fixture(params=["postgres", "rebuilt cache", "cache kept batch by batch"])
def read(request, connection, cache):
    """The batches are counted, and `read` reads them."""
    offsets = {}
    cache.rebuild(connection, "0")
    for number, (rows, moved) in enumerate(BATCHES, start=1):
        windows, totals = count(connection, rows, moved)
        for topic, partitions in moved.items():
            offsets[topic] = offsets.get(topic, {}) | partitions
        assert cache.apply(str(number - 1), str(number), windows, totals, offsets)
    if request.param == "postgres":
        return lambda **asked: fetch_counts(connection, **asked)
    if request.param == "rebuilt cache":
        cache.rebuild(connection, "anew")
    return cache.read


def test_totals_come_with_the_offsets_that_they_stand_for(read):
    """Who reads the topic up to these offsets and counts, must find these numbers."""
    found = read(within=None, minutes=[])
    assert found.domains == {
        DE: Counts(14, 3, 1),
        COMMONS: Counts(5, 5, 5),
        ODD: Counts(BIG, 1, 0),
    }
    assert found.offsets == COUNTED_TO


def test_minutes_are_read_by_themselves(read):
    """Rates and trends need them."""
    asked = [NOON - MINUTE, NOON, NOON + MINUTE]
    assert read(within=None, minutes=asked).minutes == {
        NOON - MINUTE: {},
        NOON: {DE: Counts(4, 3, 1), COMMONS: Counts(5, 5, 5)},
        NOON + MINUTE: {DE: Counts(10, 0, 0), ODD: Counts(BIG, 1, 0)},
    }


def test_a_range_takes_its_start_and_leaves_out_its_end(read):
    """Two neighbouring ranges must not count a minute twice."""
    one = read(within=TimeRange(start=NOON, end=NOON + MINUTE), minutes=[])
    both = read(within=TimeRange(start=NOON, end=NOON + 2 * MINUTE), minutes=[])
    assert one.domains == {DE: Counts(4, 3, 1), COMMONS: Counts(5, 5, 5)}
    assert both.domains == {
        DE: Counts(14, 3, 1),
        COMMONS: Counts(5, 5, 5),
        ODD: Counts(BIG, 1, 0),
    }


def test_the_oldest_minute_and_the_time_of_the_counts_are_known(read):
    """Before the oldest minute nothing was collected: no rate, no trend."""
    found = read(within=None, minutes=[])
    assert found.oldest_minute == NOON
    assert abs(found.as_of_utc - datetime.now(UTC)) < MINUTE
