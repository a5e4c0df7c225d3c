"""Lag by offset and by time, from what the ledger and Kafka say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.ops.lag import NOTHING_WAITS, PartitionSeen, TopicSeen, is_stalled, longest, measure
from weir.ops.states import Observed, Signs, judge_state

NOW = 10_000.0
HOUR = 3600.0


def seen(*partitions: PartitionSeen, retention_seconds: float | None = HOUR) -> TopicSeen:
    return TopicSeen(partitions=dict(enumerate(partitions)), retention_seconds=retention_seconds)


def test_the_lag_is_the_sum_of_messages_and_the_longest_wait():
    """One slow partition is enough to be late."""
    look = seen(
        PartitionSeen(first=0, end=10, waiting_since=NOW - 5),
        PartitionSeen(first=0, end=30, waiting_since=NOW - 60),
        PartitionSeen(first=0, end=7),
    )
    lag = measure("q", "t", {0: 8, 1: 10, 2: 7}, look, NOW)
    assert (lag.messages, lag.seconds, lag.seconds_left) == (22, 60, HOUR - 60)
    assert [(p.partition, p.messages, p.seconds) for p in lag.partitions] == [
        (0, 2, 5),
        (1, 20, 60),
        (2, 0, 0),
    ]


def test_commit_markers_behind_the_last_message_are_no_lag():
    """A transaction ends with an offset that nobody can count."""
    lag = measure("q", "t", {0: 9}, seen(PartitionSeen(first=0, end=10)), NOW)
    assert (lag.messages, lag.seconds, lag.seconds_left) == (0, 0, None)
    assert PartitionSeen(first=0, end=0).waiting_since == NOTHING_WAITS


def test_offsets_deleted_before_they_were_counted_are_lost_and_no_lag():
    """They can never be counted, so waiting for them would be for ever."""
    look = seen(PartitionSeen(first=40, end=50, waiting_since=NOW - 1))
    lag = measure("q", "t", {0: 15}, look, NOW)
    assert (lag.lost, lag.messages) == (25, 10)


def test_an_unknown_wait_is_not_a_short_one():
    """A zero would hide a standstill."""
    look = seen(PartitionSeen(first=0, end=5, waiting_since=None), PartitionSeen(first=0, end=0))
    lag = measure("q", "t", {0: 0, 1: 0}, look, NOW)
    assert (lag.messages, lag.seconds, lag.seconds_left) == (5, None, None)
    assert longest([3.0, None]) is None
    assert longest([]) == 0


def test_a_writer_whose_clock_is_ahead_does_not_hide_that_something_waits():
    """A wait of zero means that nothing waits."""
    look = seen(PartitionSeen(first=0, end=5, waiting_since=NOW + 90))
    assert measure("q", "t", {0: 0}, look, NOW).seconds == pytest.approx(0.001)


def test_a_topic_that_deletes_nothing_by_age_has_no_time_left():
    """No limit is not zero seconds."""
    look = seen(PartitionSeen(first=0, end=5, waiting_since=NOW - 9e6), retention_seconds=None)
    assert measure("q", "t", {0: 0}, look, NOW).seconds_left is None


def test_a_partition_that_the_ledger_does_not_know_counts_from_its_first_offset():
    """A topic may gain partitions."""
    look = seen(PartitionSeen(first=3, end=5, waiting_since=NOW - 1))
    lag = measure("q", "t", {}, look, NOW)
    assert (lag.messages, lag.lost) == (2, 0)


@pytest.mark.parametrize(
    ("lag_messages", "waiting_seconds", "batch_seconds", "stalled"),
    [
        (5, 61.0, 61.0, True),
        (5, None, 61.0, True),
        (5, 61.0, 60.0, False),
        (5, 60.0, 3600.0, False),  # the first message after an idle hour
        (0, 0.0, 3600.0, False),
        (None, None, 3600.0, False),
    ],
)
def test_stalled_means_that_input_waits_and_no_batch_ends(
    lag_messages, waiting_seconds, batch_seconds, stalled
):
    """An idle stream stands still too, and is well."""
    found = is_stalled(
        lag_messages=lag_messages,
        waiting_seconds=waiting_seconds,
        batch_seconds=batch_seconds,
        limit_seconds=60.0,
    )
    assert found is stalled


def test_the_first_message_after_an_idle_hour_is_no_standstill_of_the_stream():
    """Else each quiet topic would raise an alarm in the morning."""
    signs = Signs(
        desired="run",
        owned=True,
        draining=False,
        heartbeat_seconds=1.0,
        submitted_seconds=9000.0,
        taken_seconds=9000.0,
        progress_seconds=3600.0,
        lag_messages=1,
        waiting_seconds=0.4,
    )
    assert judge_state(signs) is Observed.RUNNING
    assert judge_state(replace(signs, progress_seconds=None)) is Observed.RUNNING
    assert judge_state(replace(signs, waiting_seconds=61.0)) is Observed.STALLED
