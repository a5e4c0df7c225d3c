"""An hour is counted anew while the stream counts too: never twice, and never lower by accident."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.support.eventually import eventually
from tests.support.market_facts import NOON, fact, facts
from weir.errors import ContractError
from weir.market import statistics_store as store
from weir.market.statistics_backfill import recount
from weir.market.statistics_commit import QUERY, STREAM, Batch, commit
from weir.ops import lease, ledger
from weir.ops.lease import Fenced, Pg
from weir.ops.window import TimeWindow
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
TOPIC = "filtered-products"
START = datetime.fromtimestamp(NOON - NOON % 3600, UTC)
HOUR = TimeWindow(START, START + timedelta(hours=1))


class Stream:
    """Counts batches of one topic and partition, one message per offset, as the driver does."""

    def __init__(self, pg: Pg) -> None:
        self.pg = pg
        pg.execute("truncate ops.stream, ops.stream_lease, ops.stream_heartbeat cascade")
        lease.ensure_stream(pg, STREAM)
        self.epoch = self.take_over()
        ledger.begin_offsets(pg, ledger.Place(stream=STREAM, query=QUERY, topic=TOPIC), {0: 0})
        self.offset = 0

    def take_over(self) -> int:
        seen = lease.fetch_lease(self.pg, STREAM)
        epoch = lease.acquire(self.pg, seen, owner="host:1", token=f"t{id(seen)}")
        assert epoch is not None
        return epoch

    def batch(self, *rows: dict[str, Any]) -> Batch:
        begin, self.offset = self.offset, self.offset + len(rows)
        return Batch(
            stream=STREAM,
            epoch=self.epoch,
            batch_id=begin,
            begins={TOPIC: {0: begin}},
            ends={TOPIC: {0: self.offset}},
            facts=facts(*rows),
            rows=len(rows),
            refused=0,
            began=0.0,
        )

    def count(self, *rows: dict[str, Any]) -> int | None:
        return commit(self.pg, self.batch(*rows))

    def allowed(self) -> int:
        row = self.pg.execute("select sum(allowed) from market.product_minute").fetchone()
        return int(row[0] or 0) if row else 0

    def recount(self, history: pa.Table, read_to: int, **more: Any) -> Any:
        newer = more.pop("newer", lambda _: store.empty_facts())
        return recount(self.pg, HOUR, history, {(TOPIC, 0): read_to}, newer, **more)


@pytest.fixture
def stream(pg: Pg) -> Stream:
    return Stream(pg)


def test_a_batch_is_counted_with_its_offsets_and_again_is_skipped(stream: Stream):
    """A lost connection may hide that the commit was done."""
    batch = stream.batch(fact(offset=1), fact(offset=2))
    assert commit(stream.pg, batch) == 2
    assert commit(stream.pg, batch) is None
    assert stream.allowed() == 2
    assert stream.pg.execute("select next_offset from ops.query_offset").fetchall() == [(2,)]
    ((rows, offsets),) = stream.pg.execute(
        "select rows, offsets from ops.stream_progress"
    ).fetchall()
    assert (rows, offsets) == (2, {TOPIC: {"0": [0, 2]}})


def test_a_batch_that_leaves_offsets_out_is_refused(stream: Stream):
    """Going on would lose messages."""
    stream.count(fact(offset=1))
    stream.offset += 5
    with pytest.raises(ContractError, match="does not begin where the ledger stands"):
        stream.count(fact(offset=7))
    assert stream.allowed() == 1


def test_a_driver_of_an_old_epoch_counts_nothing(stream: Stream):
    """It may wake up long after its successor began."""
    batch = stream.batch(fact(offset=1))
    stream.offset += 5
    unknown_to_the_ledger = stream.batch(fact(offset=7))
    stream.take_over()
    for late in (batch, unknown_to_the_ledger):
        with pytest.raises(Fenced):
            commit(stream.pg, late)
    assert stream.allowed() == 0


def test_a_backfill_of_what_is_counted_changes_nothing(stream: Stream):
    """Whoever is in doubt may start it."""
    rows = [fact(offset=1), fact(offset=2, price="300.00"), fact(offset=1, change="retracted")]
    stream.count(*rows)
    before = stream.pg.execute("select * from market.product_minute").fetchall()
    done = stream.recount(facts(*rows, *rows), 3)
    assert (done.before, done.after) == (3, 3)
    assert stream.pg.execute("select * from market.product_minute").fetchall() == before


def test_rows_that_were_lost_come_back(stream: Stream):
    """What a backfill is for."""
    rows = [fact(offset=n) for n in range(5)]
    stream.count(*rows)
    stream.pg.execute("delete from market.product_minute")
    assert stream.recount(facts(*rows), 5).after == 5
    assert stream.allowed() == 5


def test_what_the_stream_has_not_counted_yet_is_counted_once_whoever_comes_first(stream: Stream):
    """The history reaches further than the stream: it may be parked."""
    rows = [fact(offset=n) for n in range(4)] + [fact(offset=0, change="retracted")]
    stream.count(*rows[:2])
    assert stream.recount(facts(*rows), 5).after == 5
    assert stream.count(*rows[2:]) == 0
    assert stream.allowed() == 4


def test_what_the_stream_counted_while_the_history_was_read_is_read_too(stream: Stream):
    """Else replacing the rows would lose it: its offsets are over."""
    rows = [fact(offset=n) for n in range(4)]
    stream.count(*rows)
    asked = []

    def newer(ranges: Any) -> pa.Table:
        asked.append(ranges)
        return facts(*rows[2:], fact(offset=9, minute=NOON + 7200))

    assert stream.recount(facts(*rows[:2]), 2, newer=newer).after == 4
    assert asked == [{(TOPIC, 0): (2, 4)}]
    assert stream.allowed() == 4


def test_a_history_with_holes_does_not_lower_what_is_counted(stream: Stream):
    """Kafka's retention must not rewrite the past."""
    rows = [fact(offset=n) for n in range(3)]
    stream.count(*rows)
    with pytest.raises(ContractError, match="the history holds 2 messages, 3 are counted"):
        stream.recount(facts(*rows[:2]), 3)
    assert stream.allowed() == 3
    assert stream.recount(facts(*rows[:2]), 3, may_lower=True).after == 2
    assert stream.allowed() == 2


def test_a_batch_waits_for_a_backfill_and_loses_nothing(stream: Stream, own: Settings):
    """Both touch the same rows at the same moment."""
    rows = [fact(offset=n) for n in range(4)]
    stream.count(*rows[:2])
    later = stream.batch(*rows[2:])
    counted: list[int | None] = []

    def count_meanwhile() -> None:
        with connect(own.dsn_file, application_name="test-stream") as connection:
            store.prepare(connection)
            counted.append(commit(connection, later))

    thread = threading.Thread(target=count_meanwhile)

    def newer(_: Any) -> pa.Table:
        thread.start()
        waiting = (
            "select count(*) from pg_stat_activity where application_name = 'test-stream'"
            " and wait_event_type = 'Lock'"
        )
        with connect(own.dsn_file, application_name="test") as looking:
            eventually(
                lambda: looking.execute(waiting).fetchone(), lambda n: n == (1,), within_seconds=10
            )
        return facts(rows[1])

    assert stream.recount(facts(rows[0]), 1, newer=newer).after == 2
    thread.join()
    assert counted == [2]
    assert stream.allowed() == 4
