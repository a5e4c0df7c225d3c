"""The answer of /stats, from counts written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from weir.contracts.stats import Bots, Direction, Trend
from weir.serving.question import parse_question
from weir.serving.stats import Served, build_stats, trend
from weir.serving.surroundings import Surroundings, lag_of
from weir.store.wikimedia_counts import Counts, CountsRead

NOW = datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC)
LAST = datetime(2026, 1, 1, 12, 33, tzinfo=UTC)
AROUND = Surroundings(
    mode="sample",
    topic="wikimedia_events",
    ends={"wikimedia_events": {0: 12, 1: 5}},
    newest_event_utc=NOW - timedelta(seconds=3),
)
OFFSETS = {"wikimedia_events": {0: 10, 1: 5}}


def counts_read(**changes):
    minutes = {LAST - timedelta(minutes=n): {} for n in range(6)}
    minutes[LAST] = {"de": Counts(9, 6, 1)}
    minutes[LAST - timedelta(minutes=1)] = {"de": Counts(3, 2, 0)}
    read = CountsRead(
        offsets=OFFSETS,
        as_of_utc=NOW,
        domains={"de": Counts(30, 20, 5), "fr": Counts(25, 18, 0), "en": Counts(25, 18, 0)},
        minutes=minutes,
        oldest_minute=LAST - timedelta(minutes=2),
    )
    return replace(read, **changes)


def answer(read=None, *, bots=Bots.INCLUDE, limit=10, around=AROUND):
    question = parse_question(window="all", bots=bots, limit=limit, now_utc=NOW)
    return build_stats(question, Served(counts=read or counts_read(), served_from="redis"), around)


def test_domains_come_with_most_edits_first_and_equal_ones_by_name():
    """A list that changes its order by itself cannot be read."""
    assert [d.domain for d in answer().domains] == ["de", "en", "fr"]


def test_totals_are_of_all_domains_when_few_are_listed():
    """A limit is about the list, not about the sum."""
    stats = answer(limit=1)
    assert len(stats.domains) == 1
    assert stats.totals.model_dump() == {
        "domains": 3,
        "changes": 80,
        "edits": 56,
        "bot_edits": 5,
    }


def test_without_bots_their_edits_leave_edits_rates_and_order():
    """Bots hide what people do."""
    stats = answer(bots=Bots.EXCLUDE)
    assert [(d.domain, d.edits) for d in stats.domains] == [("en", 18), ("fr", 18), ("de", 15)]
    assert stats.domains[2].edits_last_minute == 5
    assert stats.domains[2].bot_edits == 5
    assert stats.totals.edits == 51
    assert stats.last_minute.edits == 5


def test_sample_data_says_so_and_live_data_has_no_note():
    """Nobody may take made-up edits for real ones."""
    assert answer().source.mode == "sample"
    assert "not real" in answer().source.note
    assert answer(around=replace(AROUND, mode="live")).source.note is None


def test_the_rate_is_unknown_before_the_first_complete_minute():
    """Empty is not zero."""
    stats = answer(counts_read(oldest_minute=LAST))
    assert stats.last_minute.edits is None
    assert {(d.edits_last_minute, d.trend) for d in stats.domains} == {(None, None)}


def test_the_first_counted_minute_and_those_before_it_are_not_part_of_the_trend():
    """It began in the middle, before it nothing was collected: both would make all seem to rise."""
    minutes = {LAST - timedelta(minutes=n): {"de": Counts(6, 6, 0)} for n in range(6)}
    first = LAST - timedelta(minutes=3)
    minutes[first] = {"de": Counts(1, 1, 0)}
    minutes[LAST - timedelta(minutes=4)] = minutes[LAST - timedelta(minutes=5)] = {}
    found = answer(counts_read(minutes=minutes, oldest_minute=first))
    assert found.domains[0].trend == Trend(direction=Direction.FLAT, change_share=0.0)


def test_a_domain_that_comes_after_the_first_counted_minute_is_new():
    """Whole minutes without it are zero, not unknown."""
    minutes = counts_read().minutes | {LAST: {"fr": Counts(4, 4, 0)}}
    found = answer(counts_read(minutes=minutes))
    assert [d.trend.direction for d in found.domains if d.domain == "fr"] == [Direction.NEW]


@pytest.mark.parametrize("minutes_before", [0, 1])
def test_there_is_no_trend_before_two_whole_minutes_were_counted(minutes_before):
    """Nothing whole to compare with."""
    oldest = LAST - timedelta(minutes=minutes_before)
    stats = answer(counts_read(oldest_minute=oldest))
    assert {d.trend for d in stats.domains} == {None}


def test_nothing_counted_yet_is_an_answer():
    """The first seconds of a new platform."""
    empty = counts_read(offsets={}, as_of_utc=None, domains={}, oldest_minute=None)
    stats = answer(empty)
    assert stats.as_of is None
    assert stats.totals.domains == 0
    assert stats.lag.messages == 17


@pytest.mark.parametrize(
    ("last", "before", "expected"),
    [
        (5, [], None),
        (0, [0, 0], Trend(direction=Direction.FLAT, change_share=None)),
        (1, [0, 0], Trend(direction=Direction.NEW, change_share=None)),
        (11, [10, 10], Trend(direction=Direction.FLAT, change_share=0.1)),
        (12, [10, 10], Trend(direction=Direction.UP, change_share=0.2)),
        (5, [8, 12], Trend(direction=Direction.DOWN, change_share=-0.5)),
    ],
)
def test_the_trend_compares_with_the_mean_of_the_minutes_before(last, before, expected):
    """One quiet minute before must not make every minute a rise."""
    assert trend(last, before) == expected


def test_lag_is_the_distance_to_the_ends_and_the_age_of_the_newest_event():
    """Two of twelve are not counted, the newest counted event is 3 s old."""
    lag = lag_of(OFFSETS, AROUND, NOW)
    assert (lag.messages, lag.seconds, lag.unknown_because) == (2, 3.0, None)


def test_an_idle_stream_that_counted_everything_has_no_lag():
    """The newest event may be hours old then."""
    lag = lag_of({"wikimedia_events": {0: 12, 1: 5}}, AROUND, NOW + timedelta(hours=5))
    assert (lag.messages, lag.seconds) == (0, 0.0)


def test_ends_seen_before_newer_counts_make_no_negative_lag():
    """The watch looks once a second, the counts may be newer."""
    assert lag_of({"wikimedia_events": {0: 99, 1: 5}}, AROUND, NOW).messages == 0


def test_a_partition_ahead_does_not_hide_one_behind():
    """Sums must not cancel out."""
    assert lag_of({"wikimedia_events": {0: 99, 1: 1}}, AROUND, NOW).messages == 4


def test_an_unknown_lag_is_null_with_its_reason():
    """Kafka away is not a lag of zero."""
    lag = lag_of(OFFSETS, replace(AROUND, trouble={"kafka": "away"}), NOW)
    assert (lag.messages, lag.seconds, lag.unknown_because) == (None, None, "away")
