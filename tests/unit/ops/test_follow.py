"""When a watch over a stream ends: the pure decision of a trigger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.ops.follow import (
    FIRST_LIFE_SECONDS,
    SILENT_SECONDS,
    Event,
    Sight,
    followed_epoch,
    judge_sight,
)

ALIVE = Sight(
    desired="run",
    epoch=4,
    owned=True,
    alive=True,
    draining=False,
    silent_seconds=1.0,
    app_id="app-1",
    ui_url=None,
    reason=None,
    driver_id="driver-1",
)
FREE = replace(ALIVE, owned=False, alive=False)
SILENT = replace(ALIVE, alive=False, silent_seconds=SILENT_SECONDS + 1)


def judge(now, mine=4, parked=False, first=ALIVE, watched=10.0):
    return judge_sight(mine, parked, first, now, watched_seconds=watched)


def test_a_living_driver_is_watched_for_as_long_as_it_lives():
    """An always-on stream has no end of its own."""
    assert judge(ALIVE, watched=1e6) is None


def test_a_parked_stream_is_wanted_as_soon_as_somebody_wants_it():
    """`weir streams start` must not wait for a person in the web interface."""
    assert judge(replace(FREE, desired="drained"), mine=None, parked=True) is None
    assert judge(replace(FREE, desired="failed"), mine=None, parked=True, watched=1e6) is None
    assert judge(FREE, mine=None, parked=True) is Event.WANTED


def test_a_lease_given_back_ends_the_watch_of_a_wanted_stream():
    """Somebody must start the next driver."""
    assert judge(FREE) is Event.ENDED


@pytest.mark.parametrize("desired", ["drained", "failed"])
@pytest.mark.parametrize("now", [FREE, SILENT])
def test_a_stream_that_is_not_wanted_is_parked_when_nobody_works(desired, now):
    """Parked is not failed: no retry, no red task."""
    assert judge(replace(now, desired=desired)) is Event.PARK


def test_a_drain_is_waited_for_while_the_batch_goes_on():
    """Parked means that nobody writes."""
    assert judge(replace(ALIVE, desired="drained", draining=True)) is None
    quiet = replace(ALIVE, desired="drained", alive=False, silent_seconds=20.0)
    assert judge(quiet) is None


def test_a_silent_owner_has_the_time_that_spark_needs_to_relaunch_it():
    """Else each crash would cost a second submission."""
    assert judge(replace(SILENT, silent_seconds=SILENT_SECONDS)) is None
    assert judge(SILENT) is Event.ENDED


def test_a_relaunch_moves_the_epoch_and_ends_nothing():
    """The stream is followed, not one driver."""
    relaunched = replace(ALIVE, epoch=5)
    assert judge(relaunched) is None
    assert followed_epoch(4, ALIVE, relaunched) == 5
    assert judge(replace(relaunched, owned=False, alive=False), mine=5) is Event.ENDED


def test_a_submission_is_followed_from_the_epoch_that_it_takes():
    """A stop request names an epoch: naming the predecessor's would stop nobody."""
    assert followed_epoch(None, FREE, FREE) is None
    assert followed_epoch(None, FREE, replace(ALIVE, epoch=5)) == 5
    # The driver was faster than the first look.
    assert followed_epoch(None, ALIVE, ALIVE) == 4


def test_a_submission_does_not_take_its_draining_predecessor_for_itself():
    """After a clear the old driver still works for some seconds."""
    draining = replace(ALIVE, draining=True)
    assert followed_epoch(None, draining, draining) is None
    released = replace(FREE, epoch=4)
    assert judge(released, mine=None, first=draining) is None
    assert followed_epoch(None, draining, replace(ALIVE, epoch=5)) == 5


def test_a_submission_that_never_takes_the_lease_is_given_up():
    """A driver that dies before its first word would leave the task deferred for ever."""
    assert judge(FREE, mine=None, first=FREE, watched=FIRST_LIFE_SECONDS) is None
    assert judge(FREE, mine=None, first=FREE, watched=FIRST_LIFE_SECONDS + 1) is Event.ENDED


def test_the_followed_epoch_never_goes_back():
    """A request to drain an old epoch stops nobody, one for a new epoch the wrong one."""
    assert followed_epoch(7, ALIVE, ALIVE) == 7
