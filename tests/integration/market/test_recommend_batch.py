"""A batch of `market_recommend` on a real PostgreSQL: answered in time, counted once, fenced."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.market_shelf import NOON, Shelf, found
from tests.support.stores import own_database
from weir.contracts.recommendation import Request, parse_answer
from weir.errors import ContractError, PublishError
from weir.kafka.dead_letters import DeadLetter
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.market.recommend_batch import QUERY, Answered, answer_all, count_searches
from weir.ops import lease, ledger
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

STREAM = "market_recommend"
NOW_MS = int(NOON.timestamp() * 1000)
LEARNED = "select product_id, searches from market.popularity order by 1"


class Counting:
    """Decides batches of one topic of searches, as a driver of an epoch does."""

    def __init__(self, shelf: Shelf, settings: Settings) -> None:
        self.shelf = shelf
        self.settings = settings
        shelf.clear()
        shelf.pg.execute(
            "truncate ops.dead_letter, ops.query_offset, ops.stream_progress,"
            " ops.stream_lease, ops.stream_heartbeat, ops.stream cascade"
        )
        lease.ensure_stream(shelf.pg, STREAM)
        self.epoch = self.take_over()
        place = ledger.Place(stream=STREAM, query=QUERY, topic="searches")
        ledger.begin_offsets(shelf.pg, place, {0: 0})

    def take_over(self) -> int:
        """By a connection of its own: another driver has none of ours."""
        with connect(self.settings.dsn_file, application_name="another driver") as pg:
            seen = lease.fetch_lease(pg, STREAM)
            epoch = lease.acquire(pg, seen, owner="host:1", token=uuid.uuid4().hex)
        assert epoch is not None
        return epoch

    def count(self, begin: int, end: int, *searches: Any, **more: Any) -> bool:
        words = {"answers": Answered(), "refusals": []} | more
        return count_searches(
            self.shelf.pg,
            stream=STREAM,
            epoch=self.epoch,
            offsets={"searches": {0: (begin, end)}},
            searches=searches,
            **words,
        )

    def stands(self) -> int:
        ((offset,),) = self.shelf.rows("select next_offset from ops.query_offset")
        return int(offset)


@pytest.fixture(scope="module")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("recommend"))) as settings:
        yield settings


@pytest.fixture
def counting(own: Settings) -> Iterator[Counting]:
    with connect(own.dsn_file, application_name="test") as pg:
        counting = Counting(Shelf(pg), own)
        counting.shelf.offer("watch")
        yield counting


def request(name: str, patience_ms: int = 1000) -> Request:
    return Request(correlation_id=name, asked_at_ms=NOW_MS, deadline_ms=NOW_MS + patience_ms)


def test_a_batch_counts_once_however_often_it_is_tried(counting: Counting):
    """A crash after the commit brings the batch again."""
    assert counting.count(0, 2, found("watch"), found("watch"))
    assert not counting.count(0, 2, found("watch"), found("watch"))
    assert counting.count(2, 3, found("watch"))
    assert counting.shelf.rows(LEARNED) == [("watch", 3)]
    assert counting.stands() == 3


def test_offsets_that_do_not_fit_stop_the_stream(counting: Counting):
    """Something in between would be lost."""
    with pytest.raises(ContractError, match="does not begin where the ledger stands"):
        counting.count(5, 6, found("watch"))
    assert counting.shelf.rows(LEARNED) == []


def test_an_older_driver_counts_nothing(counting: Counting):
    """It woke up after another one took over."""
    counting.take_over()
    with pytest.raises(lease.Fenced):
        counting.count(0, 1, found("watch"))
    assert (counting.shelf.rows(LEARNED), counting.stands()) == ([], 0)


def test_a_driver_that_loses_its_lease_in_the_middle_of_a_batch_counts_nothing(counting: Counting):
    """It was paused after it had looked, and woke up before the commit."""

    def taken_over() -> Iterator[DeadLetter]:
        counting.take_over()
        yield from ()

    with pytest.raises(lease.Fenced):
        counting.count(0, 1, found("watch"), refusals=taken_over())
    assert (counting.shelf.rows(LEARNED), counting.stands()) == ([], 0)


def test_counts_letters_answers_and_offsets_are_written_together(counting: Counting):
    """Whatever fails, all of it is as it was."""
    letter = DeadLetter(
        topic="searches",
        refused_by=f"{STREAM}.{QUERY}",
        reason="not_json",
        value=b"{",
        key=None,
        partition=0,
        offset=1,
    )
    told = Answered(answered=3, without_items=1, expired=2, slowest_ms=70)

    def broken() -> Iterator[DeadLetter]:
        yield letter
        raise PublishError("Kafka is away")

    kept = "select reason, value from ops.dead_letter"
    minutes = "select answered, without_items, expired, slowest_ms from market.answer_minute"
    with pytest.raises(PublishError):
        counting.count(0, 2, found("watch"), answers=told, refusals=broken())
    assert [counting.shelf.rows(q) for q in (LEARNED, kept, minutes)] == [[], [], []]
    assert counting.count(0, 2, found("watch"), answers=told, refusals=[letter])
    assert counting.shelf.rows(kept) == [("not_json", b"{")]
    assert counting.shelf.rows(minutes) == [(3, 1, 2, 70)]
    assert counting.stands() == 2


def test_requests_are_answered_under_their_own_ids_and_never_after_the_deadline(
    counting: Counting,
):
    """Nobody waits any more; an answer would only be noise, or show what was banned since."""
    log = MemoryLog()
    clock = iter(NOON + timedelta(milliseconds=step) for step in range(0, 100, 5))
    asked = [request("a"), request("over", 10), request("soon over", 22), request("b")]

    def now() -> datetime:
        return next(clock)

    # Each request looks at the clock before its candidates, at the scores, and after the ban list.
    told = answer_all(counting.shelf.pg, asked, MemoryPublisher(log), "answers", now)
    answers = {r.key: parse_answer(r.value or b"") for r in log.of("answers")}
    assert sorted(answers) == [b"a", b"b"]
    assert [item.product_id for item in answers[b"a"].items] == ["watch"]
    assert answers[b"a"].answered_at_ms == NOW_MS + 10
    assert told == Answered(answered=2, expired=2, slowest_ms=45)


def test_an_answer_that_is_tried_again_looks_at_the_bans_again(counting: Counting):
    """The replay after a crash must not repeat what was allowed before it."""
    log = MemoryLog()
    for banned in (False, True):
        if banned:
            counting.shelf.ban("watch")
        told = answer_all(
            counting.shelf.pg, [request("a")], MemoryPublisher(log), "answers", lambda: NOON
        )
        assert told.without_items == int(banned)
    first, second = (parse_answer(r.value or b"") for r in log.of("answers"))
    assert [item.product_id for item in first.items] == ["watch"]
    assert second.items == ()


def test_an_answer_that_kafka_does_not_take_fails_the_batch(counting: Counting):
    """It is answered anew by the next try, or its deadline is over by then."""
    publisher = MemoryPublisher(MemoryLog())
    publisher.failure = "away"
    with pytest.raises(PublishError):
        answer_all(counting.shelf.pg, [request("a")], publisher, "answers", lambda: NOON)
