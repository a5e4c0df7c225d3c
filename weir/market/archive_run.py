"""What a scheduled run of the archive does, and how it says so."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from weir.market.archive import archive, compact_days
from weir.market.archive_status import fetch_status
from weir.settings import Settings
from weir.store.postgres import connect

NAME: Final = "weir:market:archive"


def run_until(settings: Settings, until: datetime | None) -> str:
    """Archive what was written before `until` (None: all there is); in words."""
    done = archive(settings, until_ms=None if until is None else int(until.timestamp() * 1000))
    words = f"{done.rows} rows archived in {done.files} files, {done.doubles} doubles left out"
    return words + (f"; {done.gaps} NEW GAPS" if done.gaps else "")


def compact_days_now(settings: Settings, now_utc: datetime) -> str:
    """Join the files of every day that is over; in words."""
    return f"{compact_days(settings, now_utc.date())} files fewer than before"


def waiting_words(settings: Settings) -> str:
    """How much a run would look at."""
    with connect(settings.dsn_file, application_name=NAME) as connection:
        found = fetch_status(settings, connection)
    return "; ".join(f"{each.waiting} offsets of {each.topic} wait" for each in found.datasets)
