"""What a redrive does about runs that ended in the middle, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from tests.support.letters import letter
from tests.support.redrives import NAME, Room
from weir.errors import ContractError, PublishError, SettingError, Unavailable
from weir.kafka.dead_letters import store
from weir.kafka.memory import MemoryTransactionalPublisher
from weir.ops import redrive
from weir.ops.audit import fetch_deeds
from weir.ops.lease import Pg
from weir.ops.redrive import Sent
from weir.ops.redrive_wish import Wish
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


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
    with room.process() as process:
        process.assume(last)
    assert room.run().letters == 1
    assert [value for _, _, value, _ in room.sent("a")] == [b"1", b"2"]


def test_a_person_may_have_the_last_transaction_sent_again(room: Room, pg: Pg) -> None:
    """When the topic itself was lost with its progress."""
    store(pg, [letter("a", 1)])
    room.run()
    room.log.records.clear()
    (last,) = pg.execute("select max(seq) from ops.redrive_batch").fetchone() or (0,)
    with room.process() as process:
        process.assume(last - 1)
    assert room.run() == Sent(letters=1, recovered=1, too_large=0, without_topic=0)


def test_the_command_that_assumes_also_sends(
    room: Room, pg: Pg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step has a publisher of its own: the library starts one only once."""
    monkeypatch.setattr(
        redrive,
        "TransactionalPublisher",
        lambda _, name: MemoryTransactionalPublisher(room.log, name),
    )
    monkeypatch.setattr(redrive, "check_topic", lambda *_: None)
    store(pg, [letter("a", 1)])
    assert redrive.redrive(room.own, Wish(), asked_by="me", via="cli").letters == 1
    room.log.records.clear()
    (last,) = pg.execute("select max(seq) from ops.redrive_batch").fetchone() or (0,)
    found = redrive.redrive(room.own, Wish(), asked_by="me", via="cli", assume_published=last - 1)
    assert (found.recovered, len(room.sent("a"))) == (1, 1)


def test_a_known_progress_is_not_assumed_away(room: Room, pg: Pg) -> None:
    """A slip of the finger would lose letters or double them."""
    store(pg, [letter("a", 1)])
    room.run()
    with room.process() as process, pytest.raises(SettingError, match="the progress is known"):
        process.assume(0)


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
