"""Dead letters sent again, on a real PostgreSQL and a publisher in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.letters import carried, letter
from tests.support.redrives import NAME, Room
from tests.support.stores import own_database
from weir.errors import ContractError, PublishError, SettingError, Unavailable
from weir.kafka.dead_letter_queries import show_letter
from weir.kafka.dead_letters import DeadLetter, store
from weir.kafka.memory import MemoryTransactionalPublisher
from weir.kafka.record import Message
from weir.ops import redrive_wish
from weir.ops.audit import fetch_deeds
from weir.ops.lease import Pg
from weir.ops.redrive import Sent
from weir.ops.redrive_wish import Wish, preview
from weir.ops.retention import RETENTIONS, delete_old
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("redrive"))) as settings:
        yield settings


@pytest.fixture
def pg(own: Settings) -> Iterator[Pg]:
    with connect(own.dsn_file, application_name="test") as connection:
        for table in ("redrive", "redrive_batch", "dead_letter", "audit"):
            connection.execute(f"delete from ops.{table}")  # type: ignore[arg-type]
        yield connection


@pytest.fixture
def room(own: Settings, pg: Pg) -> Room:
    return Room(own)


def originals(letters: list[DeadLetter]) -> list[tuple]:
    return carried(letters)


def test_letters_go_back_in_order_as_they_came_and_only_once(room: Room, pg: Pg) -> None:
    """Key, bytes and headers decide where a message goes and what it means."""
    letters = [
        letter("a", 3, value=b"\x00\xff"),
        letter("a", 7, key=None, headers=()),
        letter("a", 20, value=None),
        letter("b", 1),
    ]
    store(pg, reversed(letters))
    assert room.run() == Sent(letters=4, recovered=0, too_large=0, without_topic=0)
    assert [*room.sent("a"), *room.sent("b")] == originals(letters)
    assert room.run() == Sent(letters=0, recovered=0, too_large=0, without_topic=0)
    assert len(room.sent("a")) == 3
    assert show_letter(pg, "a/0/3").sent_again_at is not None


@pytest.mark.parametrize(
    ("wish", "meant"),
    [
        (Wish(topic="b"), {4}),
        (Wish(reasons=("odd", "late")), {2, 3}),
        (Wish(refused_by="other.q"), {5}),
        (Wish(keys=("a/0/1",)), {1}),
        (Wish(topic="a", reasons=("odd",)), {2}),
        (Wish(reasons=("ODD",)), set()),
    ],
)
def test_only_what_the_filters_mean_is_sent(
    room: Room, pg: Pg, wish: Wish, meant: set[int]
) -> None:
    """What is not repaired yet would only be refused again."""
    letters = {
        1: letter("a", 1),
        2: letter("a", 2, reason="odd"),
        3: letter("a", 3, reason="late"),
        4: letter("b", 1),
        5: letter("c", 1, refused_by="other.q"),
    }
    store(pg, letters.values())
    assert sum(each.letters for each in preview(pg, wish)) == len(meant)
    room.run(wish)
    sent = [*room.sent("a"), *room.sent("b"), *room.sent("c")]
    assert sent == originals([letters[number] for number in sorted(meant)])


def test_a_letter_without_its_whole_original_or_its_place_is_left_and_named(
    room: Room, pg: Pg
) -> None:
    """A cut message would be another message."""
    store(pg, [letter("a", None, source="wikimedia"), letter("a", 1), letter("a", 2)])
    pg.execute("update ops.dead_letter set value_bytes = 99 where dedupe_key = 'a/0/1'")
    assert room.run().letters == 1
    states = {found.state: found.letters for found in preview(pg, Wish())}
    assert states == {"before Kafka": 1, "cut": 1, "sent": 1}


def test_a_letter_too_large_for_its_topic_does_not_stop_the_others(room: Room, pg: Pg) -> None:
    """A limit was lowered since, or our header makes the difference."""
    room.log.limits["a"] = 1000
    store(pg, [letter("a", 1, value=b"x" * 900), letter("a", 2), letter("a", 3, value=b"x" * 500)])
    assert room.run() == Sent(letters=2, recovered=0, too_large=1, without_topic=0)
    assert [value for _, _, value, _ in room.sent("a")] == [b"2", b"x" * 500]


def test_what_a_dead_run_had_decided_is_sent_by_the_next_whatever_that_is_asked(
    room: Room, pg: Pg
) -> None:
    """Nobody knows any more what the dead one was asked."""
    store(pg, [letter("a", 1), letter("b", 1)])
    room.run(Wish(topic="none"))
    with pytest.raises(PublishError):
        room.run(Wish(topic="a"), failure="the broker died")
    assert room.sent("a") == []
    assert room.run(Wish(topic="b")) == Sent(letters=2, recovered=1, too_large=0, without_topic=0)
    assert (len(room.sent("a")), len(room.sent("b"))) == (1, 1)


def test_a_commit_whose_answer_was_lost_is_not_repeated(room: Room, pg: Pg) -> None:
    """The number in the progress topic tells, not what the dead process believed."""
    store(pg, [letter("a", 1)])
    room.run()
    pg.execute("delete from ops.redrive")  # as if it had never been decided
    pg.execute("update ops.redrive_batch set letters = 0")
    with pytest.raises(PublishError):
        room.run(failure="no answer")
    (seq,) = pg.execute("select max(seq) from ops.redrive_batch").fetchone() or (0,)
    with connect(room.own.dsn_file, application_name="test"):
        publisher = MemoryTransactionalPublisher(room.log, NAME)
        publisher.start()
        publisher.commit([], {"seq": seq})  # the broker had committed it after all
    assert room.run().letters == 0
    assert len(room.sent("a")) == 1


@pytest.mark.parametrize("seen", [None, 10_000_000])
def test_a_lost_progress_is_a_persons_decision(room: Room, pg: Pg, seen: int | None) -> None:
    """Sending everything again by itself would double it."""
    store(pg, [letter("a", 1), letter("a", 2)])
    room.run(Wish(keys=("a/0/1",)))
    room.log.records = [r for r in room.log.records if r.topic == "a"]
    if seen is not None:
        publisher = MemoryTransactionalPublisher(room.log, NAME)
        publisher.start()
        publisher.commit([], {"seq": seen})
    with pytest.raises(ContractError, match=r"--assume-published \d+, or --republish-from \d+"):
        room.run()
    assert len(room.sent("a")) == 1
    (last,) = pg.execute("select max(seq) from ops.redrive_batch").fetchone() or (0,)
    with room.process() as redrive:
        redrive.assume(last)
    assert room.run().letters == 1
    assert [value for _, _, value, _ in room.sent("a")] == [b"1", b"2"]


def test_a_person_may_have_the_last_transaction_sent_again(room: Room, pg: Pg) -> None:
    """When the topic itself was lost with its progress."""
    store(pg, [letter("a", 1)])
    room.run()
    room.log.records.clear()
    (last,) = pg.execute("select max(seq) from ops.redrive_batch").fetchone() or (0,)
    with room.process() as redrive:
        redrive.assume(last - 1)
    assert room.run() == Sent(letters=1, recovered=1, too_large=0, without_topic=0)


def test_a_known_progress_is_not_assumed_away(room: Room, pg: Pg) -> None:
    """A slip of the finger would lose letters or double them."""
    store(pg, [letter("a", 1)])
    room.run()
    with room.process() as redrive, pytest.raises(SettingError, match="the progress is known"):
        redrive.assume(0)


def test_a_topic_that_does_not_exist_is_refused_when_named_and_else_left(
    room: Room, pg: Pg
) -> None:
    """A decided letter that can never be sent would block all later ones."""
    room.missing.add("gone")
    store(pg, [letter("a", 1), letter("gone", 1), letter("z", 1)])
    with pytest.raises(SettingError, match="gone does not exist"):
        room.run(Wish(topic="gone"))
    assert room.run() == Sent(letters=2, recovered=0, too_large=0, without_topic=1)


@pytest.mark.parametrize("gone", ["topic", "limit"])
def test_a_decided_letter_that_can_no_longer_be_sent_blocks_no_others(
    room: Room, pg: Pg, gone: str
) -> None:
    """Its run died; then the topic was deleted, or takes less than it did."""
    store(pg, [letter("a", 1), letter("b", 1, value=b"x" * 500)])
    room.run(Wish(topic="none"))
    with pytest.raises(PublishError):
        room.run(failure="the broker died")
    if gone == "topic":
        room.missing.add("b")
    else:
        room.log.limits["b"] = 300
    left = {"too_large": int(gone == "limit"), "without_topic": int(gone == "topic")}
    assert room.run() == Sent(letters=1, recovered=1, **left)
    assert (len(room.sent("a")), len(room.sent("b"))) == (1, 0)
    deed = fetch_deeds(pg, NAME)[0]
    assert (deed.action, deed.details["dead_letters"]) == ("dlq.release", ["b/0/1"])
    room.missing.clear()
    room.log.limits.clear()
    assert room.run() == Sent(letters=1, recovered=0, too_large=0, without_topic=0)
    assert len(room.sent("b")) == 1


def test_a_topic_that_is_gone_is_refused_when_named_though_it_was_missed_before(
    room: Room, pg: Pg
) -> None:
    """The settling of an earlier run asked for it too, and then only left it."""
    store(pg, [letter("b", 1)])
    room.run(Wish(topic="none"))
    with pytest.raises(PublishError):
        room.run(failure="the broker died")
    room.missing.add("b")
    with pytest.raises(SettingError, match="b does not exist"):
        room.run(Wish(topic="b"))


def test_two_redrives_do_not_work_at_once(room: Room, pg: Pg) -> None:
    """They would fence each other in turn."""
    with room.process() as first:
        first.run(Wish())
        with pytest.raises(Unavailable, match="another redrive is at work"):
            room.run()
    assert room.run().letters == 0


def test_a_letter_that_is_refused_again_remembers_its_life_and_may_be_sent_again(
    room: Room, pg: Pg
) -> None:
    """A person sees at once what a fix did not fix."""
    store(pg, [letter("a", 1)], attempts=3)
    room.run()
    (record,) = room.log.of("a")
    again = Message("a", 0, 50, record.key, record.value, record.headers, None)
    refused = letter("a", 50, value=again.value, headers=again.headers)
    store(pg, [refused])
    shown = show_letter(pg, "a/0/50")
    assert (shown.attempts, shown.redrive_of, shown.sent_again_at) == (4, "a/0/1", None)
    room.run()
    (_, record) = room.log.of("a")
    assert [h for h in record.headers if h[0] == "weir-redrive"] == [("weir-redrive", b"4 a/0/50")]
    assert room.sent("a")[1] == originals([replace(refused, headers=letter("a").headers)])[0]


def test_what_is_refused_again_meanwhile_is_not_sent_again_by_the_same_run(
    room: Room, pg: Pg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a fix a redrive would feed itself for ever."""
    monkeypatch.setattr(redrive_wish, "PLANNED", 2)  # it looks again after each two
    store(pg, [letter("a", n) for n in range(5)])

    def refuse_again(_: float) -> None:
        with connect(room.own.dsn_file, application_name="test") as connection:
            store(connection, [letter("a", 100 + len(room.log.of("a")))])

    room.wait = refuse_again
    assert room.run(limit=20).letters == 5


def test_letters_come_at_a_pace_and_no_more_than_asked_for(room: Room, pg: Pg) -> None:
    """A stream that refuses most of a large batch stops itself."""
    store(pg, [letter("a", n) for n in range(10)])
    assert room.run(limit=5).letters == 5
    assert [value for _, _, value, _ in room.sent("a")] == [b"0", b"1", b"2", b"3", b"4"]
    assert room.waited == [1.0, 2.0, 2.5]  # two in a second; the clock of the test stands still


def test_who_sent_what_again_is_in_the_audit_trail(room: Room, pg: Pg) -> None:
    """Redriving changes numbers that people have seen."""
    store(pg, [letter("a", 1)])
    room.run()
    (deed,) = fetch_deeds(pg, NAME)
    assert (deed.who, deed.via, deed.action) == ("someone", "cli", "dlq.redrive")
    assert deed.details["letters"] == 1


def test_housekeeping_removes_old_letters_but_not_those_that_may_still_be_sent(
    room: Room, pg: Pg
) -> None:
    """What was decided last may not be sent yet; the numbers stay, the progress counts by them."""
    (rule,) = [each for each in RETENTIONS if each.table == "ops.dead_letter"]
    store(pg, [letter("a", 1), letter("b", 1)])
    room.run(Wish(topic="a"))
    with pytest.raises(PublishError):
        room.run(Wish(topic="b"), failure="the broker died")
    pg.execute("update ops.dead_letter set first_seen = first_seen - interval '181 days'")
    assert delete_old(pg, rule) == 1
    assert room.run() == Sent(letters=1, recovered=1, too_large=0, without_topic=0)
    assert (len(room.sent("a")), len(room.sent("b"))) == (1, 1)
