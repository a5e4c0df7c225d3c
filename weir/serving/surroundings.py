"""What an answer says beside the counts: live or sample, and how far the topic is ahead. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from weir.contracts.stats import Lag
from weir.sources.declared import Mode
from weir.store.wikimedia_counts import Offsets


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Seen by the watch at `seen_at`. `trouble` says per service why it could not be read.

    topic: where the source's events are.
    ends: per topic and partition the end for readers of committed messages.
    newest_event_utc: the newest event time that the stream has counted.
    """

    mode: Mode
    topic: str
    ends: Offsets = field(default_factory=dict)
    newest_event_utc: datetime | None = None
    trouble: dict[str, str] = field(default_factory=dict)


def lag_of(counted: Offsets, around: Surroundings, now_utc: datetime) -> Lag:
    """How far `counted` is behind the ends. What is not known stays null, with the reason."""
    if "kafka" in around.trouble:
        return Lag(messages=None, seconds=None, unknown_because=around.trouble["kafka"])
    messages = messages_behind(counted, {around.topic: around.ends.get(around.topic, {})})
    if messages == 0:
        return Lag(messages=0, seconds=0.0)
    if around.newest_event_utc is None:
        why = around.trouble.get("postgres", "no batch with counted events has been recorded")
        return Lag(messages=messages, seconds=None, unknown_because=why)
    age = (now_utc - around.newest_event_utc).total_seconds()
    return Lag(messages=messages, seconds=round(max(0.0, age), 3))


def messages_behind(counted: Offsets, ends: Offsets) -> int:
    """Offsets between counted and end. An end seen before newer counts is no negative lag."""
    return sum(
        max(0, end - counted.get(topic, {}).get(partition, 0))
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )
