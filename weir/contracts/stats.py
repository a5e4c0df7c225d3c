"""The answer of `GET /stats`, version 1. A field is only ever added; a change of meaning is a 2."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1


class Bots(StrEnum):
    """Whether `edits` counts the edits that bots made."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


class Direction(StrEnum):
    """The last minute against the mean of those before it: `flat` is within 10 %."""

    UP = "up"
    DOWN = "down"
    FLAT = "flat"
    NEW = "new"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Source(_Part):
    """Where the events come from."""

    name: str
    mode: Literal["live", "sample"]
    note: str | None = Field(description="Said of sample data; null for live data")


class Lag(_Part):
    """How far the counts are behind the topic. Null means unknown, never zero."""

    messages: int | None = Field(
        description="Offsets in the topic that are not counted yet, transaction markers included"
    )
    seconds: float | None = Field(
        description="0 when everything is counted, else the age of the newest counted event"
    )
    unknown_because: str | None = None


class Window(_Part):
    """Counted are events whose own time is in [start, end)."""

    start: datetime
    end: datetime


class Trend(_Part):
    """The last minute against the mean of the five before it, or of those counted from end to end.

    Null while there are none.
    """

    direction: Direction
    change_share: float | None = Field(description="0.5 is half more; null when the mean is zero")


class LastMinute(_Part):
    """The last complete minute of the clock, for all domains together."""

    start: datetime
    end: datetime
    edits: int | None = Field(description="Null before the first complete minute with counts")


class Totals(_Part):
    """Over all domains of the window, not only those listed."""

    domains: int
    changes: int
    edits: int
    bot_edits: int


class Domain(_Part):
    """One domain in the window (default: in all time)."""

    domain: str
    changes: int = Field(description="All events, whatever `bots` says")
    edits: int = Field(description="Events of type edit or new; without those of bots if excluded")
    bot_edits: int = Field(description="Edits by bots, whatever `bots` says")
    edits_last_minute: int | None
    trend: Trend | None


class Stats(_Part):
    """Edits per Wikimedia domain. Totals and domains count exactly what lies below `offsets`."""

    schema_version: int = SCHEMA_VERSION
    source: Source
    as_of: datetime | None = Field(description="When the newest counted batch was committed")
    answered_at: datetime
    lag: Lag
    offsets: dict[str, dict[int, int]] = Field(
        description="Per topic and partition, the first offset that is not counted"
    )
    served_from: Literal["redis", "postgres"]
    reason: str | None = Field(description="Why not from Redis")
    bots: Bots
    window: Window | None = Field(description="Null: all time")
    totals: Totals
    last_minute: LastMinute
    domains: list[Domain]


class Problem(_Part):
    """Why there is no answer, and the way out."""

    what: str
    hint: str


class Health(_Part):
    """`ok`: all services answer; `degraded`: counts can be served; `down`: they cannot."""

    status: Literal["ok", "degraded", "down"]
    services: dict[str, str] = Field(description="Per service `ok`, or why not")
