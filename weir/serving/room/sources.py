"""The collectors as the control room shows them: what they do, and whether that is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from weir.ops.health import NEXT, Health, judge_source
from weir.ops.lease import Pg
from weir.serving.room.levels import LEVELS, Level
from weir.serving.room.memory import process_memory_mb
from weir.store.collectors import CollectorRow, fetch_collectors

SILENT_SECONDS = 180.0  # of a collector for which no stream declares a limit
WORDS: dict[Health, str] = {
    Health.PARKED: "it was stopped; nothing flows into its topic",
    Health.DOWN: "its process gives no sign of life; the supervisor starts it again",
    Health.STARTING: "it has received nothing yet",
    Health.SILENT_SOURCE: "it has received nothing for a while",
    Health.HEALTHY: "events flow into its topic",
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """One collector. Counters count since it started; a dead process counts at rate 0."""

    collector: str
    mode: str
    level: Level
    state: str  # the one word for all of it
    words: str
    advice: str
    uptime_seconds: float | None
    heartbeat_seconds: float
    last_event_seconds: float | None
    events: int
    events_per_second: float
    duplicates: int
    dead_letters: int
    reconnects: int
    last_error: str | None
    memory_mb: float | None


def fetch_sources(connection: Pg, limits: Mapping[str, float], now_utc: datetime) -> list[Source]:
    """Every collector that ever reported, by name. limits: silent seconds by collector."""
    return [
        source_of(row, limits.get(row.collector, SILENT_SECONDS), now_utc)
        for row in fetch_collectors(connection)
    ]


def source_of(row: CollectorRow, silent_seconds: float, now_utc: datetime) -> Source:
    """The row as people see it. A dead process writes no row, so its last word is not believed."""
    heartbeat = (now_utc - row.heartbeat_at).total_seconds()
    since_event = None if row.last_event_at is None else now_utc - row.last_event_at
    event_seconds = None if since_event is None else since_event.total_seconds()
    health = judge_source(
        state=row.state,
        heartbeat_seconds=heartbeat,
        event_seconds=event_seconds,
        silent_seconds=silent_seconds,
    )
    works = health not in (Health.PARKED, Health.DOWN)
    refused = health is Health.PARKED and row.last_error is not None
    return Source(
        collector=row.collector,
        mode=row.mode,
        level=Level.BAD if refused else LEVELS[health],
        state=row.state if health is Health.HEALTHY or row.state == "stopped" else health.value,
        words=WORDS[health],
        advice="" if health is Health.HEALTHY else _advice(row.collector, health),
        uptime_seconds=(now_utc - row.started_at).total_seconds() if works else None,
        heartbeat_seconds=heartbeat,
        last_event_seconds=event_seconds,
        events=row.events,
        events_per_second=row.events_per_second if works else 0.0,
        duplicates=row.duplicates,
        dead_letters=row.dead_letters,
        reconnects=row.reconnects,
        last_error=row.last_error,
        memory_mb=process_memory_mb(row.pid) if works else None,
    )


def _advice(collector: str, health: Health) -> str:
    if health is Health.PARKED:
        return f"weir logs collect-{collector}; weir up starts it again"
    if health is Health.STARTING:
        return NEXT[health]
    return f"weir status; weir logs collect-{collector}"
