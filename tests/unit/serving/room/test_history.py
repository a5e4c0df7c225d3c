"""Batches in equal pieces of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from weir.serving.room.history import GRIDS, Grid, Span, fill, starts

NOW = datetime(2026, 11, 22, 9, 41, 7, 500_000, tzinfo=UTC)
MINUTES = Grid(60, 3)


def test_the_grid_ends_with_the_bucket_of_now():
    """The newest bar is the one that still grows."""
    minute = datetime(2026, 11, 22, 9, 39, tzinfo=UTC)
    assert starts(MINUTES, NOW) == [minute + timedelta(minutes=n) for n in range(3)]


def test_a_piece_without_a_batch_counted_nothing_and_has_no_duration():
    """Nothing counted is a zero, no batch has no duration."""
    found = {datetime(2026, 11, 22, 9, 40, tzinfo=UTC): (80, 2, 2, 310.0, 400, 1.5)}
    seen = [
        (b.messages, b.refused, b.batches, b.mean_ms, b.delay_seconds)
        for b in fill(MINUTES, NOW, found)
    ]
    assert seen == [(0, 0, 0, None, None), (80, 2, 2, 310.0, 1.5), (0, 0, 0, None, None)]


def test_a_clock_ahead_gives_no_negative_delay():
    """Event times are the source's, and its clock may be ahead."""
    found = {datetime(2026, 11, 22, 9, 41, tzinfo=UTC): (1, 0, 1, 310.0, 310, -0.4)}
    assert fill(MINUTES, NOW, found)[-1].delay_seconds == 0.0


def test_each_span_is_as_long_as_its_name():
    """`24h` shows 24 hours."""
    hours = {span: grid.seconds * grid.count / 3600 for span, grid in GRIDS.items()}
    assert hours == {Span.HALF_HOUR: 0.5, Span.SIX_HOURS: 6, Span.DAY: 24, Span.WEEK: 168}
