"""What `window=` may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from weir.contracts.stats import Bots
from weir.serving.question import parse_question, parse_window
from weir.store.wikimedia_counts import TimeRange

NOW = datetime(2026, 1, 1, 12, 34, 56, 789, tzinfo=UTC)
THIS_MINUTE = datetime(2026, 1, 1, 12, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", None),
        ("1m", TimeRange(start=THIS_MINUTE - timedelta(minutes=1), end=THIS_MINUTE)),
        ("2h", TimeRange(start=THIS_MINUTE - timedelta(hours=2), end=THIS_MINUTE)),
        ("1d", TimeRange(start=THIS_MINUTE - timedelta(days=1), end=THIS_MINUTE)),
        (
            "2025-12-31T23:59:30Z",
            TimeRange(
                start=datetime(2025, 12, 31, 23, 59, tzinfo=UTC),
                end=datetime(2026, 1, 1, tzinfo=UTC),
            ),
        ),
        (
            "2026-01-01T01:00+01:00",
            TimeRange(
                start=datetime(2026, 1, 1, tzinfo=UTC),
                end=datetime(2026, 1, 1, 0, 1, tzinfo=UTC),
            ),
        ),
    ],
)
def test_a_window_is_all_time_a_length_or_one_minute(text, expected):
    """Lengths are complete minutes, so that the answer does not flicker within one."""
    assert parse_window(text, THIS_MINUTE) == expected


@pytest.mark.parametrize(
    "text", ["", "5x", "0m", "-1m", "99999d", "32d", "9999-12-31T23:59Z", "0001-01-01T00:00+09:00"]
)
def test_a_window_that_cannot_be_is_refused_with_its_own_words(text):
    """The caller reads what was wrong."""
    with pytest.raises(ValueError, match="window is"):
        parse_window(text, THIS_MINUTE)


def test_the_last_minute_is_the_last_complete_one_of_the_clock():
    """Half a minute would always look like a fall."""
    question = parse_question(window="all", bots=Bots.INCLUDE, limit=1, now_utc=NOW)
    assert question.last_minute == datetime(2026, 1, 1, 12, 33, tzinfo=UTC)
    assert question.baseline[0] == datetime(2026, 1, 1, 12, 32, tzinfo=UTC)
    assert question.baseline[-1] == datetime(2026, 1, 1, 12, 28, tzinfo=UTC)
    assert len(question.minutes) == 6
