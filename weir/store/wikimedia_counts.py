"""What a read of the Wikimedia counts gives, wherever it was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

STREAM = "wikimedia_domain_counts"
QUERY = "counts"
MINUTE = timedelta(minutes=1)

Offsets = dict[str, dict[int, int]]
"""{topic: {partition: next offset}}: everything below has been counted, nothing at or above."""


class Counts(NamedTuple):
    """changes: all events; edits: type edit or new; bot_edits: those edits that bots made."""

    changes: int
    edits: int
    bot_edits: int


Window = tuple[datetime, str, int, int, int]
"""(window_start, domain, changes, edits, bot_edits): absolute counts of a domain in a minute."""

Total = tuple[str, int, int, int]
"""(domain, changes, edits, bot_edits): absolute counts of a domain in all time."""


@dataclass(frozen=True, kw_only=True)
class TimeRange:
    """Whole minutes, `start` included, `end` excluded, both aware UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"the range starts at {self.start} and ends at {self.end}")


@dataclass(frozen=True, kw_only=True)
class CountsRead:
    """Counts, and the offsets they stand for, of one instant: the two always agree.

    domains: per domain, over the asked range (or all time).
    minutes: per asked minute, the domains that changed in it.
    oldest_minute: the first minute ever counted; None when there is none.
    as_of_utc: when the newest counted batch was committed; None before the first one.
    """

    offsets: Offsets
    as_of_utc: datetime | None
    domains: dict[str, Counts]
    minutes: dict[datetime, dict[str, Counts]]
    oldest_minute: datetime | None


@dataclass(frozen=True, kw_only=True)
class CacheContent:
    """What one write brings into the cache: a batch's absolute counts, or all there is."""

    windows: Sequence[Window]
    totals: Sequence[Total]
    offsets: Mapping[str, Mapping[int, int]]
    as_of_utc: datetime | None
    oldest_minute: datetime | None
