"""Which stretch of time a run is about: what a person asked for, else the run's data interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from weir.errors import SettingError

HOUR = timedelta(hours=1)


@dataclass(frozen=True, order=True)
class TimeWindow:
    """`start` included, `end` excluded, both aware UTC. Raises SettingError for anything else."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for moment in (self.start, self.end):
            if moment.utcoffset() != timedelta(0):
                raise SettingError(f"{moment} is not in UTC")
        if self.start >= self.end:
            raise SettingError(f"the window starts at {self.start} and ends at {self.end}")

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%M:%SZ}/{self.end:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def start_ms(self) -> int:
        """Unix milliseconds of the first instant inside."""
        return int(self.start.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        """Unix milliseconds of the first instant after it."""
        return int(self.end.timestamp() * 1000)


def window_of(
    params: Mapping[str, object], interval_start: datetime | None, interval_end: datetime | None
) -> TimeWindow:
    """`from` and `to` of the params, else the data interval. Raises SettingError without either.

    A run by hand may have no interval at all, and a cron schedule an empty one: both are refused
    instead of quietly meaning "now".
    """
    start, end = params.get("from") or None, params.get("to") or None
    if start and end:
        return TimeWindow(parse_moment(start), parse_moment(end))
    if start or end:
        raise SettingError(f"only `{'from' if start else 'to'}` is given", "give both, or neither")
    if interval_start is None or interval_end is None:
        raise SettingError(
            "this run has no data interval", "give `from` and `to`, such as 2026-01-31T12:00Z"
        )
    return TimeWindow(interval_start.astimezone(UTC), interval_end.astimezone(UTC))


def parse_moment(text: object) -> datetime:
    """An ISO 8601 time; without a zone it is UTC. Raises SettingError."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise SettingError(f"{text!r} is no time", "write it as 2026-01-31T12:00Z") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def hours_of(window: TimeWindow) -> Iterator[TimeWindow]:
    """The window cut at full hours, in order."""
    start = window.start
    while start < window.end:
        full = start.replace(minute=0, second=0, microsecond=0) + HOUR
        yield TimeWindow(start, min(full, window.end))
        start = full
