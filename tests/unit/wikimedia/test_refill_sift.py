"""What of the source's history is missing, and when the window has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from weir.ops.window import TimeWindow
from weir.sources.wikimedia.client import Frame
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.parse import Place
from weir.sources.wikimedia.refill_sift import Sift, is_collected

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = TimeWindow(NOON, NOON + timedelta(hours=1))
EQIAD, CODFW = Place("eqiad.x", 0), Place("codfw.x", 0)


def sift(*known: str, hours_later: float = 5) -> Sift:
    now = WINDOW.end + timedelta(hours=hours_later)
    return Sift(
        window=WINDOW,
        topic="events",
        mode="sample",
        limit_bytes=10_000,
        known=set(known),
        now_ms=int(now.timestamp() * 1000),
    )


def frame(name: str, at: datetime, place: Place = EQIAD, **others: int) -> Frame:
    """An event of `place` at that time; the id also names other topics at their times."""
    at_ms = int(at.timestamp() * 1000)
    rows = [{"topic": place.topic, "partition": 0, "timestamp": at_ms + 1}]
    rows += [{"topic": topic, "partition": 0, "offset": at} for topic, at in others.items()]
    meta = {"id": name, "domain": "d", "topic": place.topic}
    return Frame(orjson.dumps(rows).decode(), orjson.dumps({"meta": meta}))


def kept(found: Sift) -> list[str]:
    return [dict(record.headers)["id"].decode() for record in found.records]


def test_only_what_is_missing_and_inside_the_window_is_kept():
    """The end is excluded: each event belongs to exactly one hour."""
    found = sift("known")
    second = timedelta(seconds=1)
    moments = {
        "before": WINDOW.start - second,
        "first": WINDOW.start,
        "known": WINDOW.start + second,
        "last": WINDOW.end - second,
        "end": WINDOW.end,
    }
    found.take_all([frame(name, at) for name, at in moments.items()])
    assert kept(found) == ["first", "last"]
    assert found.records[0].timestamp_ms == WINDOW.start_ms
    assert ("via", b"refill") in found.records[0].headers


def test_what_the_source_sends_twice_is_kept_once():
    """After a cut everything is asked for again."""
    found = sift()
    found.take_all([frame("a", NOON), frame("a", NOON)])
    assert kept(found) == ["a"]


def test_a_canary_is_no_event():
    """The collector drops them too."""
    found = sift()
    data = orjson.dumps({"meta": {"id": "c", "domain": "canary", "topic": EQIAD.topic}})
    found.take(Frame(frame("x", NOON).marker, data))
    assert found.records == []


def test_the_window_has_passed_when_every_topic_is_beyond_it():
    """One data centre may run ahead of the other by minutes."""
    found, beyond = sift(), WINDOW.end + timedelta(seconds=61)
    found.take_all([frame("a", beyond, EQIAD, **{CODFW.topic: -1})])
    assert not found.passed
    assert found.resume_ms == WINDOW.start_ms
    found.take_all([frame("b", WINDOW.end, CODFW)])
    assert not found.passed
    assert found.resume_ms == WINDOW.end_ms + 1 - 5_000
    found.take_all([frame("c", beyond, CODFW)])
    assert found.passed


def test_a_topic_without_any_event_is_not_waited_for_beyond_the_present():
    """The idle data centre would keep a refill waiting for hours."""
    found = sift(hours_later=1)
    found.take_all([frame("a", WINDOW.end, EQIAD, **{CODFW.topic: -1})])
    assert not found.at_present
    found.take_all([frame("b", WINDOW.end + timedelta(hours=1), EQIAD)])
    assert (found.passed, found.at_present) == (False, True)


def test_broken_data_between_events_of_the_window_becomes_one_dead_letter():
    """It was missing like the events around it."""
    found = sift()
    broken = Frame("[]", b'{"broken')
    found.take_all([broken, frame("a", NOON), broken, broken, frame("b", WINDOW.end), broken])
    assert [letter.value for letter in found.letters] == [b'{"broken']
    assert [record.topic for record in found.records] == ["events", "events.dlq"]


def test_an_event_too_large_for_the_topic_becomes_a_dead_letter():
    """One such event must not end the refill."""
    found = sift()
    big = orjson.loads(frame("big", NOON).data) | {"comment": "x" * 10_000}
    found.take(Frame(frame("big", NOON).marker, orjson.dumps(big)))
    assert [letter.reason[:9] for letter in found.letters] == ["too large"]


@pytest.mark.parametrize(
    ("seen", "collected"),
    [
        ({}, True),
        ({EQIAD: 66}, True),
        ({EQIAD: 65}, False),
        ({EQIAD: 9999, CODFW: -600}, False),
        ({EQIAD: 9999, CODFW: 70}, True),
    ],
)
def test_the_collector_has_left_a_window_behind_when_no_rewind_reaches_it(seen, collected):
    """Else both would bring the same event: 5 s of rewind, a minute of disorder."""
    positions = Positions()
    positions.seen = {place: WINDOW.end_ms + s * 1000 for place, s in seen.items()}
    assert is_collected(positions, WINDOW) is collected
