"""Dead letters sent again, on a real PostgreSQL and a publisher in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.letters import carried, letter
from tests.support.redrives import NAME, Room
from weir.errors import PublishError, SettingError
from weir.kafka.dead_letter_queries import show_letter
from weir.kafka.dead_letters import DeadLetter, store
from weir.kafka.record import Message
from weir.ops import redrive_wish
from weir.ops.audit import fetch_deeds
from weir.ops.lease import Pg
from weir.ops.redrive import Sent
from weir.ops.redrive_wish import Wish, preview
from weir.ops.retention import RETENTIONS, delete_old
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


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


def test_a_topic_that_does_not_exist_is_refused_when_named_and_else_left(
    room: Room, pg: Pg
) -> None:
    """A decided letter that can never be sent would block all later ones."""
    room.missing.add("gone")
    store(pg, [letter("a", 1), letter("gone", 1), letter("z", 1)])
    with pytest.raises(SettingError, match="gone does not exist"):
        room.run(Wish(topic="gone"))
    assert room.run() == Sent(letters=2, recovered=0, too_large=0, without_topic=1)


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
