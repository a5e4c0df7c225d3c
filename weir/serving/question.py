"""What a caller asks of `/stats`, and which minutes must be read for it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from weir.contracts.stats import Bots
from weir.store.wikimedia_counts import MINUTE, TimeRange

ALL_TIME = "all"
BASELINE_MINUTES = 5
LONGEST = timedelta(days=31)
UNITS = {"m": MINUTE, "h": timedelta(hours=1), "d": timedelta(days=1)}
WORDS = "all, a length such as 10m, 2h or 1d, or the start of a minute such as 2026-01-31T12:00Z"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request, with its clock resolved: everything after this is the same for the same input.

    within: None means all time. last_minute: the last complete minute of the clock.
    """

    bots: Bots
    limit: int
    within: TimeRange | None
    last_minute: datetime
    now_utc: datetime

    @property
    def baseline(self) -> list[datetime]:
        """The minutes that the last one is compared with, newest first."""
        return [self.last_minute - MINUTE * n for n in range(1, BASELINE_MINUTES + 1)]

    @property
    def minutes(self) -> list[datetime]:
        """Every minute that must be read by itself."""
        return [self.last_minute, *self.baseline]


def parse_question(*, window: str, bots: Bots, limit: int, now_utc: datetime) -> Question:
    """Raises ValueError, in words for the caller, when `window` is not one of `WORDS`."""
    this_minute = now_utc.replace(second=0, microsecond=0)
    return Question(
        bots=bots,
        limit=limit,
        within=parse_window(window, this_minute),
        last_minute=this_minute - MINUTE,
        now_utc=now_utc,
    )


def parse_window(text: str, this_minute: datetime) -> TimeRange | None:
    """`10m`: the ten complete minutes before `this_minute`; a time: the minute it lies in."""
    if text == ALL_TIME:
        return None
    if match := re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text):
        length = int(match[1]) * UNITS[match[2]]
        if length > LONGEST:
            raise ValueError(f"window is {text!r}: at most {LONGEST.days}d")
        return TimeRange(start=this_minute - length, end=this_minute)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        start = moment.replace(second=0, microsecond=0)
        return TimeRange(start=start, end=start + MINUTE)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"window is {text!r}: give {WORDS}") from error
