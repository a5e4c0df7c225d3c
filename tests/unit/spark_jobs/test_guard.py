"""Poison among good messages: who finds it, and what it costs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from spark_jobs.lib.control import StopRequested
from spark_jobs.lib.guard import DIED, Guard, Trial
from tests.support.failing_stream import Death, Stream, everything_but
from weir.ops.lease import Fenced


def test_without_trouble_a_batch_is_tried_once_and_whole() -> None:
    """The guard must cost nothing but one small write."""
    stream = Stream(1000)
    assert stream.live() is None
    assert stream.tried == [(0, 1000)]
    assert stream.trial == Trial(
        begins={"t": {0: 0}}, ends={"t": {0: 1000}}, attempts=1, bisecting=False
    )


def test_a_batch_that_failed_twice_for_a_passing_reason_is_counted_whole() -> None:
    """Most failures pass by a restart."""
    stream = Stream(100, poison={7: ValueError("odd")})
    assert isinstance(stream.live(), ValueError)
    assert isinstance(stream.live(), ValueError)
    stream.poison.clear()
    assert stream.live() is None
    assert stream.tried == [(0, 100)] * 3
    assert stream.letters == {}


def test_a_trial_of_another_place_says_nothing_about_this_batch() -> None:
    """The failures before were over with the batch that they were about."""
    stream = Stream(100, ledger=50)
    stream.trial = Trial(begins={"t": {0: 0}}, ends={"t": {0: 50}}, attempts=3, bisecting=True)
    assert stream.live() is None
    assert stream.tried == [(50, 100)]
    assert stream.trial.attempts == 1


@pytest.mark.parametrize("size", [1, 2, 17, 1000, 100_000])
def test_the_third_failure_finds_the_poison_and_all_others_are_counted_once(size: int) -> None:
    """One message must not stop the others for ever."""
    bad = {0, size // 2, size - 1}
    stream = Stream(size, poison=dict.fromkeys(bad, ValueError("odd\nmore")))
    assert stream.lives() == 3
    assert stream.counted == everything_but(stream, bad)
    assert stream.letters == dict.fromkeys(bad, "ValueError: odd")
    levels = math.ceil(math.log(size, 4))
    assert len(stream.tried) <= 3 + len(bad) * (4 * levels + 5), "each trial is a Spark job"


@pytest.mark.parametrize("size", [1, 2, 17, 1000, 100_000])
def test_a_message_that_kills_its_driver_is_found_over_the_deaths(size: int) -> None:
    """What is tried is written before it is tried; five deaths in a row would park the stream."""
    bad = size // 3
    stream = Stream(size, poison={bad: Death()})
    levels = 0 if size == 1 else 1 if size <= 16 else len(hex(size - 1)) - 2
    assert stream.lives() <= 3 + levels + 3 + 1
    assert stream.counted == everything_but(stream, {bad})
    assert stream.letters == {bad: DIED}
    assert stream.most_deaths <= 4


def test_two_killers_and_one_refusal_in_a_batch_are_all_found() -> None:
    """The rest of a batch is suspect too."""
    stream = Stream(500, poison={3: Death(), 250: ValueError("odd"), 499: Death()})
    stream.lives()
    assert stream.counted == everything_but(stream, {3, 250, 499})
    assert sorted(stream.letters) == [3, 250, 499]


def test_a_batch_planned_anew_after_a_death_may_be_of_another_size() -> None:
    """The checkpoint is set aside when the ledger stands inside the batch, and more has come."""
    stream = Stream(50, poison={20: Death()})
    for _ in range(4):
        stream.live()
    assert stream.trial is not None
    assert stream.trial.bisecting
    stream.size = 70
    stream.lives()
    assert stream.counted == everything_but(stream, {20})
    stream = Stream(50, poison={20: Death()})
    for _ in range(4):
        stream.live()
    stream.size = stream.ledger + 1
    stream.lives()
    stream.size = 50
    stream.lives()
    assert stream.counted == everything_but(stream, {20})


def test_a_stop_is_heard_between_two_parts() -> None:
    """Taking a batch apart may last longer than a person's patience."""
    stream = Stream(160, poison={159: ValueError("odd")})
    stream.trial = Trial(begins={"t": {0: 0}}, ends={"t": {0: 160}}, attempts=3, bisecting=False)
    asked: list[int] = []

    def pause() -> None:
        asked.append(stream.ledger)
        if len(asked) == 3:
            raise StopRequested

    with pytest.raises(StopRequested):
        Guard(stream, pause).run(stream.batch(), stream.process)
    assert asked == [0, 10, 20]
    stream.lives()
    assert stream.counted == list(range(159))


def test_a_fenced_driver_writes_no_trial_after_its_successor() -> None:
    """It would take back what the successor has found out."""
    stream = Stream(10, broken=Fenced("epoch 1 is over"))
    assert isinstance(stream.live(), Fenced)
    assert stream.trial is not None
    assert stream.trial.attempts == 1
    assert replace(stream.trial, attempts=1) == stream.trial
