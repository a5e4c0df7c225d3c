"""Which time a run is about, or a loud refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from weir.errors import SettingError
from weir.ops.window import TimeWindow, hours_of, window_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ONE = NOON + timedelta(hours=1)


def test_what_a_person_asks_for_beats_the_data_interval():
    """A run by hand carries the interval of now, which is not what was meant."""
    asked = {"from": "2026-01-30T10:15", "to": "2026-01-30T13:00+01:00"}
    assert window_of(asked, NOON, ONE) == TimeWindow(
        datetime(2026, 1, 30, 10, 15, tzinfo=UTC), datetime(2026, 1, 30, 12, tzinfo=UTC)
    )


def test_without_a_wish_it_is_the_data_interval():
    """This is what makes a backfill work."""
    east = timezone(timedelta(hours=2))
    assert window_of({}, NOON, ONE) == TimeWindow(NOON, ONE)
    assert window_of({"from": None, "to": ""}, NOON.astimezone(east), ONE) == TimeWindow(NOON, ONE)


@pytest.mark.parametrize(
    ("params", "start", "end", "words"),
    [
        ({}, None, None, "no data interval"),
        ({}, NOON, NOON, "starts at"),
        ({"from": "2026-01-31T12:00Z"}, NOON, ONE, "only `from` is given"),
        ({"to": "2026-01-31T12:00Z"}, NOON, ONE, "only `to` is given"),
        ({"from": "noon", "to": "one"}, NOON, ONE, "'noon' is no time"),
        ({"from": "2026-01-31T13:00Z", "to": "2026-01-31T12:00Z"}, None, None, "starts at"),
    ],
)
def test_a_run_without_a_clear_window_is_refused(params, start, end, words):
    """An empty interval that counts as success hides the hole."""
    with pytest.raises(SettingError, match=words):
        window_of(params, start, end)


def test_a_window_is_cut_at_full_hours():
    """One row per interval; the same hour must always be the same row."""
    quarter = timedelta(minutes=15)
    assert list(hours_of(TimeWindow(NOON - quarter, ONE + quarter))) == [
        TimeWindow(NOON - quarter, NOON),
        TimeWindow(NOON, ONE),
        TimeWindow(ONE, ONE + quarter),
    ]
