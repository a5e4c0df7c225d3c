"""Gaps of Wikimedia as they are known now, stored or just seen."""

from __future__ import annotations

from datetime import UTC, timedelta

from weir.clock import utc_now
from weir.ops import gaps
from weir.ops.gaps import Gap, GapState
from weir.ops.window import TimeWindow
from weir.settings import Settings
from weir.sources.declared import mode_of
from weir.sources.wikimedia.intake import SOURCE
from weir.sources.wikimedia.refill import KEPT
from weir.sources.wikimedia.refill_window import refill_window
from weir.store.postgres import connect


def since_begun(settings: Settings, window: TimeWindow) -> TimeWindow | None:
    """The part of the window after the first counted minute; None when nothing of it is.

    What was before anybody collected is not missing; a backfill brings it when it is asked to.
    """
    with connect(settings.dsn_file, application_name="weir:gaps") as connection:
        row = connection.execute("select min(window_start) from wikimedia.domain_minute").fetchone()
    if row is None or row[0] is None:
        return None
    # Collecting began somewhere inside the first minute.
    start = max(window.start, row[0].astimezone(UTC) + timedelta(minutes=1))
    return TimeWindow(start, window.end) if start < window.end else None


def fetch_report(settings: Settings) -> list[Gap]:
    """Every gap of the present mode, the oldest first; writes nothing."""
    mode = mode_of(SOURCE, settings)
    with connect(settings.dsn_file, application_name="weir:gaps") as connection:
        stored = gaps.fetch_gaps(connection, SOURCE)
        seen = gaps.find_gaps(connection, SOURCE, mode, utc_now() - KEPT)
    return sorted((gap for gap in (*stored, *seen) if gap.mode == mode), key=lambda gap: gap.window)


def fetch_open(settings: Settings) -> list[Gap]:
    """The gaps that a refill may close."""
    return [gap for gap in fetch_report(settings) if gap.state == GapState.OPEN]


def record_found(settings: Settings) -> list[Gap]:
    """Write the gaps that nobody has recorded yet; return them."""
    found = [gap for gap in fetch_report(settings) if gap.found_at is None]
    with connect(settings.dsn_file, application_name="weir:gaps") as connection:
        for gap in found:
            gaps.upsert_gap(connection, gap)
    return found


def refill_open(settings: Settings, *, at_most: int) -> list[Gap]:
    """Refill the oldest open gaps; return what became of them. Raises as `refill_window`."""
    return [
        found
        for gap in fetch_open(settings)[:at_most]
        if (found := refill_window(settings, gap.window)) is not None
    ]
