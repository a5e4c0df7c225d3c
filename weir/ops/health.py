"""Is a stream healthy? One judgement for command line, page, metrics and alerts. Pure.

What a stream does (`observed`) comes from its lease; whether that is well, from time and offsets.
Several findings may hold at once: each is a metric of its own, the first one is the headline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from weir.ops.health_limits import HealthLimits
from weir.ops.lag import TopicLag, longest


class Health(StrEnum):
    """From worst to best."""

    LOST = "lost"  # Kafka has deleted messages that were not counted
    FAILED = "failed"  # stopped itself; only a person starts it again
    RETENTION_DANGER = "retention_danger"  # what waits will be deleted soon
    LOOPING = "looping"  # starts again and again
    DOWN = "down"  # wanted, and nobody works
    ORPHANED = "orphaned"  # works though nobody wants it
    STALLED = "stalled"  # lives, has input, and no batch ends
    BEHIND = "behind"  # counts, but the oldest message waits too long
    SILENT_SOURCE = "silent_source"  # nothing comes to be counted
    UNKNOWN = "unknown"  # Kafka is away: the lag cannot be known
    STARTING = "starting"
    PARKED = "parked"
    HEALTHY = "healthy"


COLLECTOR_DEAD_SECONDS = 30.0

WELL = frozenset({Health.STARTING, Health.PARKED, Health.HEALTHY})
"""No reason to get up at night."""

NEXT: dict[Health, str] = {
    Health.LOST: "weir gaps report; keep messages longer in include/topics.yaml",
    Health.FAILED: "weir streams show {stream} gives the reason; then: weir streams start {stream}",
    Health.RETENTION_DANGER: "weir streams start {stream}, or raise the topic's retention.ms",
    Health.LOOPING: "weir logs {stream}; stop the loop: weir streams drain {stream}",
    Health.DOWN: "weir status; weir streams start {stream}",
    Health.ORPHANED: "weir reconcile --once ends it; or: weir streams stop {stream}",
    Health.STALLED: "weir logs {stream}; then: weir streams stop {stream}, and start",
    Health.BEHIND: "wait if it catches up, else more cores in include/streams.yaml",
    Health.SILENT_SOURCE: "weir sources list; weir logs of its collector",
    Health.UNKNOWN: "weir status; weir logs kafka",
    Health.STARTING: "wait a minute",
    Health.PARKED: "weir streams start {stream}, when it shall run again",
    Health.HEALTHY: "nothing to do",
}


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What health is judged by.

    observed: a value of `weir.ops.observed.Observed`.
    lags: per query and topic; empty before the first start; None while Kafka is away.
    restarts: epochs that followed a death, in the last `looping_minutes`.
    source_seconds: since the source's last event; None when nothing collects for it.
    """

    desired: str
    observed: str
    reason: str | None
    lags: tuple[TopicLag, ...] | None
    restarts: int
    source_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that holds, in words, and what to do next."""

    health: Health
    words: str
    next_step: str


def judge_health(stream: str, signs: Signs, limits: HealthLimits) -> tuple[Finding, ...]:
    """Everything that holds now, worst first; never empty."""
    found = dict(_findings(signs, limits)) or {Health.HEALTHY: "counts what comes"}
    return tuple(
        Finding(health=health, words=found[health], next_step=NEXT[health].format(stream=stream))
        for health in Health
        if health in found
    )


def _findings(signs: Signs, limits: HealthLimits) -> Iterator[tuple[Health, str]]:
    yield from _by_state(signs)
    if signs.desired == "run" and signs.restarts >= limits.looping_restarts:
        yield (
            Health.LOOPING,
            f"{signs.restarts} restarts in the last {limits.looping_minutes:g} minutes",
        )
    if signs.lags is None:
        yield Health.UNKNOWN, "Kafka does not answer, so the lag is unknown"
        return
    for lag in signs.lags:
        yield from _by_lag(lag, signs, limits)
    if signs.desired == "run" and (signs.source_seconds or 0.0) > limits.silent_seconds:
        yield (
            Health.SILENT_SOURCE,
            f"its source has sent nothing for {in_words(signs.source_seconds or 0.0)}",
        )


def _by_state(signs: Signs) -> Iterator[tuple[Health, str]]:
    waiting = sum(lag.messages for lag in signs.lags or ())
    match signs.observed:
        case _ if signs.desired == "failed":
            yield Health.FAILED, signs.reason or "it stopped itself"
        case "draining" if signs.desired == "run":
            yield Health.STARTING, "stops at a batch boundary"
        case "parked" | "draining":
            yield Health.PARKED, signs.reason or "it is not wanted"
        case "down" | "restarting":
            yield Health.DOWN, f"wanted, and no driver works ({signs.observed})"
        case "orphaned":
            yield Health.ORPHANED, "a driver works though the stream is not wanted"
        case "stalled":
            yield Health.STALLED, f"lives, and no batch ends while {waiting:,} messages wait"
        case "running":
            pass
        case starting:
            yield Health.STARTING, starting


def _by_lag(lag: TopicLag, signs: Signs, limits: HealthLimits) -> Iterator[tuple[Health, str]]:
    if lag.lost:
        yield (
            Health.LOST,
            f"Kafka deleted {lag.lost:,} offsets of {lag.topic} before they were counted",
        )
    left, whole = lag.seconds_left, lag.retention_seconds
    if left is not None and whole is not None and left < limits.retention_left_share * whole:
        yield (
            Health.RETENTION_DANGER,
            f"{lag.messages:,} messages of {lag.topic} wait; "
            f"Kafka deletes the oldest in {in_words(left)}",
        )
    if lag.seconds is None:
        yield Health.UNKNOWN, f"the oldest waiting message of {lag.topic} could not be read"
    elif signs.desired == "run" and lag.seconds > limits.behind_seconds:
        yield (
            Health.BEHIND,
            f"{lag.messages:,} messages of {lag.topic} wait, "
            f"the oldest for {in_words(lag.seconds)}",
        )


def judge_source(
    *, state: str, heartbeat_seconds: float, event_seconds: float | None, silent_seconds: float
) -> Health:
    """A collector's health. event_seconds: since its last event; None before the first one."""
    if state == "stopped":
        return Health.PARKED
    if heartbeat_seconds > COLLECTOR_DEAD_SECONDS:
        return Health.DOWN
    if event_seconds is None:
        return Health.STARTING
    return Health.SILENT_SOURCE if event_seconds > silent_seconds else Health.HEALTHY


def waiting_seconds(lags: tuple[TopicLag, ...] | None) -> float | None:
    """The longest wait in any topic; None when unknown."""
    return None if lags is None else longest(lag.seconds for lag in lags)


def in_words(seconds: float) -> str:
    """A duration with one unit a person can act on: 42 s, 3 min, 5.2 h, 3.1 days."""
    if seconds < 0:
        return f"{in_words(-seconds)} ago"
    for limit, length, unit in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
