"""What a read of the Wikimedia counts gives, wherever it was read."""

from __future__ import annotations

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


class WindowRow(NamedTuple):
    """Absolute counts of one (minute, domain) after a batch; a plain tuple will do, too."""

    window_start: datetime
    domain: str
    changes: int
    edits: int
    bot_edits: int


class TotalRow(NamedTuple):
    """Absolute counts of one domain after a batch; a plain tuple will do, too."""

    domain: str
    changes: int
    edits: int
    bot_edits: int


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
    oldest_minute: the first minute with counts that the store knows; None when there are none.
    as_of_utc: when the newest counted batch was committed; None before the first one.
    """

    offsets: Offsets
    as_of_utc: datetime | None
    domains: dict[str, Counts]
    minutes: dict[datetime, dict[str, Counts]]
    oldest_minute: datetime | None
