"""The cache on a real Redis: right, or refused."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.counting import count
from weir.errors import Unavailable
from weir.store.postgres import connect
from weir.store.wikimedia_cache import NotCached
from weir.store.wikimedia_counts import Counts
from weir.store.wikimedia_stats import fetch_counts

pytestmark = pytest.mark.platform

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DE = "de.wikipedia.org"
OFFSETS = {"wikimedia_events": {0: 4}}


def totals(cache):
    return cache.read(within=None, minutes=[]).domains


def dump(client):
    return {
        key: client.hgetall(key)
        for key in sorted(client.keys())  # every key of the cache is a hash
    }


def test_a_batch_of_an_unknown_past_is_refused(cache, connection):
    """After a restart of Redis nothing says that the batches before it are there."""
    assert not cache.apply(None, "1:1", [], [(DE, 1, 1, 0)], OFFSETS)
    assert not cache.apply("1:0", "1:1", [], [(DE, 1, 1, 0)], OFFSETS)
    with pytest.raises(NotCached, match="empty"):
        totals(cache)


def test_a_refused_batch_changes_nothing(cache, connection, server):
    """A paused process of an older epoch wakes up and writes what it had in hand."""
    cache.rebuild(connection, "2:0")
    assert cache.apply("2:0", "2:1", [(NOON, DE, 5, 5, 0)], [(DE, 5, 5, 0)], OFFSETS)
    before = dump(server.client())
    assert not cache.apply("1:7", "1:8", [(NOON, DE, 3, 3, 0)], [(DE, 3, 3, 0)], OFFSETS)
    assert not cache.apply("2:0", "2:1", [(NOON, DE, 5, 5, 0)], [(DE, 5, 5, 0)], OFFSETS)
    assert dump(server.client()) == before


def test_after_a_lost_write_the_next_batch_is_refused_and_a_rebuild_heals(cache, connection):
    """The second batch never reached Redis; its domain would be missing for ever."""
    cache.rebuild(connection, "1:0")
    windows, sums = count(connection, [(NOON, DE, 1, 1, 0)], OFFSETS)
    assert cache.apply("1:0", "1:1", windows, sums, OFFSETS)
    count(connection, [(NOON, "lost.org", 1, 1, 0)], {"wikimedia_events": {0: 5}})
    windows, sums = count(connection, [(NOON, DE, 1, 1, 0)], {"wikimedia_events": {0: 6}})
    assert not cache.apply("1:2", "1:3", windows, sums, {"wikimedia_events": {0: 6}})
    cache.rebuild(connection, "1:3")
    assert totals(cache) == {DE: Counts(2, 2, 0), "lost.org": Counts(1, 1, 0)}
    assert cache.offsets() == {"wikimedia_events": {0: 6}}


def test_a_killed_redis_is_unavailable_and_comes_back_empty(cache, connection, server):
    """kill -9: the writer learns it, remembers it, and rebuilds when Redis is back."""
    count(connection, [(NOON, DE, 1, 1, 0)], OFFSETS)
    cache.rebuild(connection, "1:0")
    server.kill()
    with pytest.raises(Unavailable, match="Redis does not answer"):
        cache.apply("1:0", "1:1", [], [], OFFSETS)
    with pytest.raises(Unavailable, match="Redis does not answer"):
        totals(cache)
    server.start()
    assert not cache.apply("1:0", "1:1", [], [(DE, 2, 2, 0)], OFFSETS)
    cache.rebuild(connection, "1:1")
    assert totals(cache) == {DE: Counts(1, 1, 0)}


def test_an_evicted_hash_stops_reads_and_writes_until_a_rebuild(cache, connection, server):
    """A Redis with an eviction policy may drop any key."""
    count(connection, [(NOON, DE, 1, 1, 0)], OFFSETS)
    cache.rebuild(connection, "1:0")
    server.client().delete("weir:wikimedia:totals")
    with pytest.raises(NotCached, match="lost totals"):
        totals(cache)
    assert not cache.apply("1:0", "1:1", [], [("fr.wikipedia.org", 1, 1, 0)], OFFSETS)


class During:
    """A connection during whose snapshot something else happens."""

    def __init__(self, connection, happens):
        self._connection = connection
        self._happens = happens

    def __getattr__(self, name):
        return getattr(self._connection, name)

    @contextmanager
    def transaction(self):
        with self._connection.transaction():
            yield
        self._happens()


def test_a_batch_during_a_rebuild_is_stale_so_that_the_snapshot_cannot_go_over_it(
    cache, connection, database
):
    """The snapshot was read, then a batch is counted, then the older snapshot is written."""
    count(connection, [(NOON, DE, 1, 1, 0)], OFFSETS)
    cache.rebuild(connection, "1:0")
    applied = []

    def one_more_batch():
        with connect(database.dsn_file, application_name="test") as other:
            rows = count(other, [(NOON, DE, 1, 1, 0)], {"wikimedia_events": {0: 5}})
        applied.append(cache.apply("1:0", "1:1", *rows, {"wikimedia_events": {0: 5}}))

    assert cache.rebuild(During(connection, one_more_batch), "cli")
    assert applied == [False]
    assert (totals(cache), cache.offsets()) == ({DE: Counts(1, 1, 0)}, OFFSETS)


def test_of_two_rebuilds_at_once_the_one_that_began_later_wins(cache, connection, database):
    """Its snapshot is the newer one."""
    count(connection, [(NOON, DE, 1, 1, 0)], OFFSETS)

    def another_rebuild():
        with connect(database.dsn_file, application_name="test") as other:
            count(other, [(NOON, DE, 1, 1, 0)], {"wikimedia_events": {0: 5}})
            assert cache.rebuild(other, "later")

    assert not cache.rebuild(During(connection, another_rebuild), "earlier")
    assert cache.version() == "later"
    assert totals(cache) == {DE: Counts(2, 2, 0)}


def test_the_old_counts_are_served_until_the_new_ones_are_there(cache, connection):
    """A rebuild, or one that died in the middle, is invisible."""
    count(connection, [(NOON, DE, 1, 1, 0)], OFFSETS)
    cache.rebuild(connection, "1:0")
    seen = []
    cache.rebuild(During(connection, lambda: seen.append(totals(cache))), "cli")
    assert seen == [{DE: Counts(1, 1, 0)}]


def test_the_claim_of_a_first_rebuild_is_not_an_empty_answer(cache, connection):
    """Nothing is cached yet: zero domains would be a wrong number."""

    def read_must_fail():
        with pytest.raises(NotCached, match="empty"):
            totals(cache)

    assert cache.rebuild(During(connection, read_must_fail), "1:0")


def test_windows_older_than_two_hours_leave_the_cache_and_late_ones_do_not_enter(
    cache, connection, server
):
    """A late event into a window that is gone would leave a window with one domain in it."""
    cache.rebuild(connection, "0")
    old = [(NOON, DE, 1, 1, 0), (NOON, "fr.wikipedia.org", 1, 1, 0)]
    assert cache.apply("0", "1", *count(connection, old, OFFSETS), OFFSETS)
    new = [(NOON + 3 * HOUR, DE, 1, 1, 0)]
    assert cache.apply("1", "2", *count(connection, new, OFFSETS), OFFSETS)
    late = [(NOON, DE, 1, 1, 0)]
    assert cache.apply("2", "3", *count(connection, late, OFFSETS), OFFSETS)
    assert totals(cache)[DE] == Counts(3, 3, 0)
    with pytest.raises(NotCached, match="keeps windows from 2026-01-01 13:00 UTC on"):
        cache.read(within=None, minutes=[NOON])
    kept = int((NOON + 3 * HOUR).timestamp())
    assert set(server.client().keys()) == {
        "weir:wikimedia:meta",
        "weir:wikimedia:totals",
        "weir:wikimedia:windows",
        f"weir:wikimedia:window:{kept}",
    }


def test_a_rebuild_forgets_what_postgres_does_not_hold(cache, connection, server):
    """Sample data is set aside before a source becomes live: none of it may stay."""
    cache.rebuild(connection, "0")
    gone = [(NOON, "gone.org", 1, 1, 0)]
    assert cache.apply("0", "1", gone, [("gone.org", 1, 1, 0)], OFFSETS)
    cache.rebuild(connection, "2")
    assert set(server.client().keys()) == {"weir:wikimedia:meta"}
    assert totals(cache) == {}


def test_ten_thousand_domains_in_one_batch_are_counted(cache, connection):
    """A flood of made-up domains must not break the script."""
    rows = [(f"d{n}.org", n, n, 0) for n in range(10_000)]
    windows = [(NOON, *row) for row in rows]
    cache.rebuild(connection, "0")
    assert cache.apply("0", "1", windows, rows, OFFSETS)
    read = cache.read(within=None, minutes=[NOON])
    assert read.domains == {domain: Counts(n, n, 0) for domain, n, _, _ in rows}
    assert read.minutes[NOON] == read.domains


def test_a_read_is_one_transaction_of_redis(cache, connection, server):
    """Else a batch may come between the totals and the offsets, too rarely for a test to see."""
    cache.rebuild(connection, "0")
    cache.read(within=None, minutes=[NOON])
    assert server.client().info("commandstats")["cmdstat_exec"]["calls"] == 1


def test_counts_and_offsets_of_a_read_agree_while_the_stream_counts(connection, database, cache):
    """Each batch adds one change and moves the offset by one: every read must show n and n."""
    first = [(NOON, DE, 1, 1, 0)]
    cache.rebuild(connection, "0")
    stop = threading.Event()
    failures = []

    def keep_counting():
        with connect(database.dsn_file, application_name="test") as writer:
            number = 0
            while not stop.is_set():
                number += 1
                offsets = {"wikimedia_events": {0: number}}
                windows, sums = count(writer, first, offsets)
                if not cache.apply(str(number - 1), str(number), windows, sums, offsets):
                    cache.rebuild(writer, str(number))

    writer = threading.Thread(target=keep_counting)
    writer.start()
    try:
        for turn in range(60):
            if turn % 20 == 10:
                cache.rebuild(connection, f"cli:{turn}")
            for read in (
                cache.read(within=None, minutes=[NOON]),
                fetch_counts(connection, within=None, minutes=[NOON]),
            ):
                seen = (
                    read.domains.get(DE, Counts(0, 0, 0)).changes,
                    read.minutes[NOON].get(DE, Counts(0, 0, 0)).changes,
                    read.offsets.get("wikimedia_events", {}).get(0, 0),
                )
                if len(set(seen)) != 1:
                    failures.append(seen)
    finally:
        stop.set()
        writer.join()
    assert failures == []
