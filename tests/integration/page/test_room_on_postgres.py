"""What the control room reads of a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.stores import own_database
from tests.support.stream_specs import wikimedia_spec
from weir.ops.audit import note_deed
from weir.ops.lease import ensure_stream
from weir.ops.operations import Verb, open_operation
from weir.serving.room.history import GRIDS, Span, fetch_batches, fetch_buckets
from weir.serving.room.room import Room
from weir.store.postgres import connect

STREAM = "room_test"


@pytest.fixture(scope="module")
def database(platform, tmp_path_factory):
    with own_database(platform, tmp_path_factory.mktemp("database")) as settings:
        yield settings


@pytest.fixture
def connection(database):
    """A declared stream that never ran."""
    with connect(database.dsn_file, application_name="test") as connection:
        connection.execute("truncate ops.stream cascade")
        connection.execute("truncate ops.stream_progress, ops.audit, ops.collector")
        ensure_stream(connection, STREAM)
        yield connection


@pytest.fixture
def room(database, connection):
    return Room(database, {STREAM: wikimedia_spec(STREAM)})


def add_batch(connection, *, seconds_ago: float, rows: int, refused: int = 0, delay: float = 2.0):
    connection.execute(
        "insert into ops.stream_progress (stream, query, ended_at, epoch, batch_id, rows, refused,"
        " duration_ms, offsets, event_time_max) select %(stream)s, 'counts', at, 1,"
        " %(seconds_ago)s::int, %(rows)s, %(refused)s, 300, '{}', at - make_interval(secs =>"
        " %(delay)s) from (select clock_timestamp() - make_interval(secs => %(seconds_ago)s) as at)"
        " now",
        {
            "stream": STREAM,
            "seconds_ago": seconds_ago,
            "rows": rows,
            "refused": refused,
            "delay": delay,
        },
    )


def now_of(connection):
    return connection.execute("select clock_timestamp()").fetchone()[0]


def test_a_stream_that_never_ran_is_shown_with_dashes_not_zeroes(room):
    """Unknown is not nothing."""
    [row] = room.overview().streams
    assert (row.last_batch, row.lag_messages, row.uptime_seconds, row.epoch) == (None,) * 4
    assert (row.out_per_second, sum(row.recent)) == (0.0, 0)


def test_the_rate_is_that_of_the_last_minute(room, connection):
    """An old burst is no present rate."""
    add_batch(connection, seconds_ago=5, rows=120)
    add_batch(connection, seconds_ago=40, rows=60)
    add_batch(connection, seconds_ago=80, rows=5000)
    [row] = room.overview().streams
    assert (row.out_per_second, row.last_batch.messages) == (3.0, 120)


def test_the_newest_probe_tells_how_long_a_message_is_on_its_way(room, connection):
    """A stream may be quick and its newest messages still old."""
    add_batch(connection, seconds_ago=10, rows=1)
    add_batch(connection, seconds_ago=20, rows=1)
    connection.execute("update ops.stream_progress set probe_ms = 1250 where batch_id = 20")
    assert room.overview().streams[0].probe_seconds == 1.25


def test_history_sums_each_piece_of_time_and_keeps_the_worst_delay(connection):
    """One slow batch among quick ones is what a person looks for."""
    add_batch(connection, seconds_ago=7200, rows=10, delay=1.0)
    add_batch(connection, seconds_ago=7200, rows=20, refused=3, delay=9.0)
    add_batch(connection, seconds_ago=90_000, rows=999)
    filled = fetch_buckets(connection, STREAM, GRIDS[Span.DAY], now_of(connection))
    seen = [(b.messages, b.refused, b.batches, b.delay_seconds) for b in filled if b.batches]
    assert seen == [(30, 3, 2, 9.0)]


def test_the_newest_batches_come_first(connection):
    """And no more than asked for."""
    for seconds_ago in (30, 10, 20):
        add_batch(connection, seconds_ago=seconds_ago, rows=1)
    assert [batch.batch_id for batch in fetch_batches(connection, STREAM, 2)] == [10, 20]


def test_only_starts_after_a_death_are_restarts(room, connection):
    """A drain and a start in order are no trouble."""
    for epoch, unclean, age in ((1, False, 1), (2, True, 2), (3, True, 30)):
        connection.execute(
            "insert into ops.stream_start (stream, epoch, unclean, taken_at)"
            " values (%s, %s, %s, clock_timestamp() - %s)",
            [STREAM, epoch, unclean, timedelta(hours=age)],
        )
    assert room.overview().streams[0].restarts_of_a_day == 1


def test_an_order_under_way_and_the_trail_are_shown(room, connection):
    """Two people at two screens must see each other."""
    open_operation(connection, STREAM, Verb.DRAIN, owner="test:1", changed_by="ada", via="cli")
    note_deed(connection, who="ada", via="cli", action="stream.drain", subject=STREAM)
    seen = room.closely(STREAM, Span.HALF_HOUR)
    assert (seen.row.operation.verb, seen.row.operation.changed_by) == (Verb.DRAIN, "ada")
    assert [(deed.who, deed.action) for deed in seen.deeds] == [("ada", "stream.drain")]
    assert [operation.state for operation in seen.operations] == ["open"]


def test_the_room_and_the_command_line_say_the_same(room, database, connection):
    """Two doors, one truth."""
    from weir.ops.health_reads import fetch_reports_once

    connection.execute(
        "update ops.stream set desired = 'failed', reason = 'offsets are gone' where stream = %s",
        [STREAM],
    )
    [row] = room.overview().streams
    [report] = fetch_reports_once(database, connection, [wikimedia_spec(STREAM)])
    assert (row.observed, row.words) == (report.state.observed, report.findings[0].words)
    assert (row.state, row.level, row.words) == ("failed", "bad", "offsets are gone")
