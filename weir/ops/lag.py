"""How far a stream is behind: in messages, in seconds, and until Kafka deletes what waits. Pure.

Offsets are the ledger's (`ops.query_offset`), ends are those for readers of committed messages.
Kafka deletes a segment when its newest message is older than the retention, so no message goes
earlier than its own time stamp plus the retention: the time left is never overstated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

# A commit marker takes an offset too: behind the last message of a topic nothing may wait.
NOTHING_WAITS: Final = -1.0


@dataclass(frozen=True, kw_only=True)
class PartitionSeen:
    """What Kafka says of a partition, asked with the offset that is counted next.

    waiting_since: unix seconds of the first message from there on; NOTHING_WAITS when only commit
    markers follow; None when it could not be read in time.
    """

    first: int
    end: int
    waiting_since: float | None = NOTHING_WAITS


@dataclass(frozen=True, kw_only=True)
class TopicSeen:
    """What Kafka says of a topic. retention_seconds is None when nothing is deleted by age."""

    partitions: Mapping[int, PartitionSeen]
    retention_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class PartitionLag:
    """One partition. `lost`: offsets that Kafka deleted before they were counted."""

    partition: int
    position: int
    first: int
    end: int
    messages: int
    seconds: float | None
    lost: int


@dataclass(frozen=True, kw_only=True)
class TopicLag:
    """A query's lag in one topic: the sum of messages, the longest wait, the least time left.

    seconds is 0 when nothing waits, None when the oldest message could not be read.
    seconds_left is None when nothing waits or nothing is deleted by age; below 0 it may be gone.
    """

    query: str
    topic: str
    partitions: tuple[PartitionLag, ...]
    messages: int
    seconds: float | None
    seconds_left: float | None
    retention_seconds: float | None
    lost: int


@dataclass(frozen=True, kw_only=True)
class Lags:
    """The lags of all streams at one moment; `trouble` says why they are unknown."""

    by_stream: Mapping[str, tuple[TopicLag, ...]] = field(default_factory=dict)
    trouble: str | None = None

    def of(self, stream: str) -> tuple[TopicLag, ...] | None:
        """Per query and topic; empty before the first start; None when unknown."""
        return None if self.trouble else self.by_stream.get(stream, ())


def measure(
    query: str, topic: str, positions: Mapping[int, int], seen: TopicSeen, now: float
) -> TopicLag:
    """Compare the ledger's `positions` (partition -> next offset) with Kafka at unix time `now`.

    A partition that the ledger does not know yet is counted from its first offset.
    """
    partitions = tuple(
        _partition(number, positions.get(number, look.first), look, now)
        for number, look in sorted(seen.partitions.items())
    )
    seconds = longest(lag.seconds for lag in partitions)
    waits, retention = bool(seconds), seen.retention_seconds
    return TopicLag(
        query=query,
        topic=topic,
        partitions=partitions,
        messages=sum(lag.messages for lag in partitions),
        seconds=seconds,
        seconds_left=retention - seconds if waits and seconds and retention else None,
        retention_seconds=retention,
        lost=sum(lag.lost for lag in partitions),
    )


def _partition(number: int, position: int, look: PartitionSeen, now: float) -> PartitionLag:
    messages = max(0, look.end - max(position, look.first))
    seconds: float | None = 0.0
    if messages and look.waiting_since != NOTHING_WAITS:
        # Never 0 while something waits, whatever the clock of the writer.
        since = look.waiting_since
        seconds = None if since is None else max(0.001, now - since)
    elif messages:
        messages = 0
    return PartitionLag(
        partition=number,
        position=position,
        first=look.first,
        end=look.end,
        messages=messages,
        seconds=seconds,
        lost=max(0, look.first - position),
    )


def longest(waits: Iterable[float | None]) -> float | None:
    """The longest of these waits; None (unknown) if one is unknown; 0 of none."""
    known = list(waits)
    if any(wait is None for wait in known):
        return None
    return max((wait for wait in known if wait is not None), default=0.0)


def is_stalled(
    *,
    lag_messages: int | None,
    waiting_seconds: float | None,
    batch_seconds: float,
    limit_seconds: float,
) -> bool:
    """Input waits longer than the limit, and no batch ended in that time.

    batch_seconds: since the last batch ended or, before the first one, since the epoch began.
    After an idle hour the first message is no stall: it has not waited. A wait of unknown length
    (None) counts as long.
    """
    if not lag_messages or batch_seconds <= limit_seconds:
        return False
    return waiting_seconds is None or waiting_seconds > limit_seconds
