"""A cache that lost a part must not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from weir.store.wikimedia_cache_read import NotCached, Raw, counts_from_raw
from weir.store.wikimedia_counts import Counts, TimeRange

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = int(NOON.timestamp())
META = {
    "version": "1:1",
    "offsets": '{"wikimedia_events": {"0": 7}}',
    "as_of": "2026-01-01T12:01:00+00:00",
    "floor": str(START - 7200),
    "oldest": str(START - 86400),
    "domains": "1",
}
WHOLE = Raw(
    meta=META,
    totals={"de.wikipedia.org": "3,2,1"},
    windows={str(START): "1"},
    per_window={START: {"de.wikipedia.org": "3,2,1"}},
)
MINUTE_OF_NOON = TimeRange(start=NOON, end=NOON + timedelta(minutes=1))


def test_a_whole_cache_gives_counts_with_their_offsets():
    """The offsets say which messages the counts stand for."""
    read = counts_from_raw(WHOLE, within=None, minutes=[NOON])
    assert read.domains == {"de.wikipedia.org": Counts(3, 2, 1)}
    assert read.minutes == {NOON: {"de.wikipedia.org": Counts(3, 2, 1)}}
    assert read.offsets == {"wikimedia_events": {0: 7}}
    assert read.as_of_utc == datetime(2026, 1, 1, 12, 1, tzinfo=UTC)
    assert read.oldest_minute == NOON - timedelta(days=1)


def test_a_minute_without_changes_is_empty_when_the_cache_covers_it():
    """Above the floor, absent means that nothing happened."""
    earlier = NOON - timedelta(minutes=5)
    raw = WHOLE._replace(per_window={int(earlier.timestamp()): {}})
    assert counts_from_raw(raw, within=None, minutes=[earlier]).minutes == {earlier: {}}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (WHOLE._replace(meta={}), "the cache is empty"),
        (WHOLE._replace(totals={}), "the cache has lost totals"),
        (WHOLE._replace(per_window={START: {}}), "the cache has lost a window"),
    ],
)
def test_a_cache_that_lost_a_part_refuses(raw, reason):
    """Redis may evict any key when its memory is full."""
    with pytest.raises(NotCached, match=reason):
        counts_from_raw(raw, within=MINUTE_OF_NOON, minutes=[])


def test_a_range_that_begins_before_the_kept_windows_is_refused():
    """A sum over half of the windows would look like all of it."""
    within = TimeRange(start=NOON - timedelta(hours=3), end=NOON)
    with pytest.raises(NotCached, match="keeps windows from 2026-01-01 10:00 UTC on"):
        counts_from_raw(WHOLE, within=within, minutes=[])


def test_a_range_sums_the_windows_in_it():
    """The window at its end does not belong to it."""
    later, end = START + 60, START + 120
    raw = WHOLE._replace(
        windows={str(START): "1", str(later): "1", str(end): "1"},
        per_window={
            START: {"de.wikipedia.org": "3,2,1"},
            later: {"de.wikipedia.org": "10,10,10"},
            end: {"de.wikipedia.org": "500,500,500"},
        },
    )
    within = TimeRange(start=NOON, end=NOON + timedelta(minutes=2))
    read = counts_from_raw(raw, within=within, minutes=[])
    assert read.domains == {"de.wikipedia.org": Counts(13, 12, 11)}
