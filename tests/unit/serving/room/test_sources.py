"""What a collector's row means to a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from weir.serving.room.levels import Level
from weir.serving.room.sources import source_of
from weir.store.collectors import CollectorRow

NOW = datetime(2026, 11, 22, 9, 41, 7, tzinfo=UTC)


def row(**given: object) -> CollectorRow:
    values: dict[str, object] = {
        "collector": "wikimedia",
        "mode": "sample",
        "state": "streaming",
        "started_at": NOW - timedelta(hours=1),
        "heartbeat_at": NOW - timedelta(seconds=1),
        "last_event_at": NOW - timedelta(seconds=1),
        "events_per_second": 41.0,
    }
    return CollectorRow(**values | given)


def seen(**given: object) -> tuple[str, Level, float, float | None]:
    source = source_of(row(**given), 180.0, NOW)
    return source.state, source.level, source.events_per_second, source.uptime_seconds


def test_a_collector_that_streams_is_well():
    """Its own word for what it does is shown."""
    assert seen() == ("streaming", Level.OK, 41.0, 3600.0)


def test_a_dead_process_has_no_rate_and_no_uptime():
    """Its last row says streaming for ever."""
    assert seen(heartbeat_at=NOW - timedelta(seconds=31)) == ("down", Level.BAD, 0.0, None)


def test_a_collector_that_was_stopped_is_at_rest():
    """Somebody wanted it so."""
    assert seen(state="stopped") == ("stopped", Level.IDLE, 0.0, None)


def test_a_collector_that_could_not_start_is_bad():
    """It is stopped too, but nobody wanted it so."""
    assert seen(state="stopped", last_error="the contact is missing")[1] is Level.BAD


def test_silence_is_a_warning():
    """Connected and receiving nothing is how many outages look."""
    assert seen(last_event_at=NOW - timedelta(seconds=181))[:2] == ("silent_source", Level.WARN)
