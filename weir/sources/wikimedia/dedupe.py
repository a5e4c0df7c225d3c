"""Ids that may be delivered again, and no others: the memory is bounded by the rewind.

Per source topic, ids are kept back to 65 s before its newest event: 5 s of rewind, and a minute
because a resumed read also delivers what is out of order behind its beginning. An idle topic
forgets nothing, however far the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from weir.sources.wikimedia.cursor import REWIND_MS

DISORDER_MS = 60_000
KEEP_MS = REWIND_MS + DISORDER_MS
MAX_IDS = 1_000_000  # per topic: an hour at 277/s, should the clock of the source stand still


@dataclass
class _Topic:
    newest_ms: int = 0
    ids: dict[str, int] = field(default_factory=dict)  # id -> source time, in order of arrival


class RecentIds:
    """What was seen lately, by source topic."""

    def __init__(self, max_ids: int = MAX_IDS) -> None:
        self._topics: dict[str, _Topic] = {}
        self._max_ids = max_ids
        self._hold_ms: int | None = None

    def __len__(self) -> int:
        return sum(len(topic.ids) for topic in self._topics.values())

    def hold(self, since_ms: int | None) -> None:
        """Forget nothing at or after `since_ms` until told otherwise: everything comes again."""
        self._hold_ms = since_ms

    def add(self, topic: str, name: str, timestamp_ms: int) -> bool:
        """Remember the id; False if it was known: the event is a duplicate."""
        recent = self._topics.get(topic)
        if recent is None:
            recent = self._topics[topic] = _Topic()
        ids = recent.ids
        if name in ids:
            return False
        ids[name] = timestamp_ms
        if timestamp_ms > recent.newest_ms:
            recent.newest_ms = timestamp_ms
        floor_ms = recent.newest_ms - KEEP_MS
        if self._hold_ms is not None:
            floor_ms = min(floor_ms, self._hold_ms - DISORDER_MS)
        while len(ids) > 1:
            oldest = next(iter(ids))
            if ids[oldest] >= floor_ms and len(ids) <= self._max_ids:
                break
            del ids[oldest]
        return True
