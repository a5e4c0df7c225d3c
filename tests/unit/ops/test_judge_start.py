"""Which driver may work: the pure decision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.ops.lease import MAX_BARREN_STARTS, Lease, Verdict, judge_start

FREE = Lease(
    stream="s",
    desired="run",
    drain_epoch=None,
    epoch=4,
    owner=None,
    token=None,
    barren_starts=0,
    beat=(4, 7),
)
OWNED = replace(FREE, owner="host:1", token="theirs", beat=(4, 7))


def judge(
    first: Lease, now: Lease | None = None, *, token: str = "mine", watched: float = 0.0
) -> Verdict:
    return judge_start(first, now or first, my_token=token, watched_seconds=watched)[0]


def test_a_free_lease_is_taken_at_once() -> None:
    """A first start must not wait."""
    assert judge(FREE) is Verdict.TAKE


def test_a_relaunch_with_the_owners_token_takes_over_at_once() -> None:
    """Its own dead predecessor's heartbeat is fresh; leaving would end the stream for good."""
    assert judge(OWNED, token="theirs") is Verdict.TAKE


def test_a_stranger_waits_while_it_cannot_know() -> None:
    """The heartbeat may have stopped a second ago."""
    assert judge(OWNED, watched=9.9) is Verdict.WAIT


def test_a_stranger_leaves_when_the_heartbeat_moves() -> None:
    """One driver per stream."""
    assert judge(OWNED, replace(OWNED, beat=(4, 8)), watched=2) is Verdict.LEAVE


def test_a_stranger_takes_over_after_ten_silent_seconds() -> None:
    """A driver on a lost machine must not hold the stream for ever."""
    assert judge(OWNED, watched=10.0) is Verdict.TAKE


def test_a_starter_leaves_when_another_one_took_the_lease_meanwhile() -> None:
    """Ten starters may watch one dead owner; one of them wins."""
    taken = replace(OWNED, epoch=5, token="other", beat=(4, 7))
    assert judge(OWNED, taken, watched=10.5) is Verdict.LEAVE


@pytest.mark.parametrize("desired", ["drained", "failed"])
def test_nobody_starts_a_stream_that_is_parked(desired: str) -> None:
    """A relaunch after a kill must not undo what a person decided."""
    assert judge(replace(FREE, desired=desired)) is Verdict.LEAVE
    assert judge(replace(OWNED, desired=desired), token="theirs") is Verdict.LEAVE


def test_a_relaunch_of_a_driver_that_was_asked_to_drain_leaves() -> None:
    """The request was for its submission, though it died before it could obey."""
    assert judge(replace(OWNED, drain_epoch=4), token="theirs") is Verdict.LEAVE


def test_an_old_drain_request_does_not_touch_a_later_epoch() -> None:
    """A stop request that arrives late must not stop the successor."""
    assert judge(replace(OWNED, drain_epoch=3), token="theirs") is Verdict.TAKE


def test_a_successor_waits_for_a_draining_owner_and_watches_anew() -> None:
    """If it left, nobody would run once the old one is gone."""
    draining = replace(OWNED, drain_epoch=4)
    assert judge(draining, replace(draining, beat=(4, 8)), watched=3) is Verdict.AGAIN


def test_a_submission_that_only_dies_is_given_up() -> None:
    """Supervision would relaunch it for ever, each second."""
    worn = replace(OWNED, barren_starts=MAX_BARREN_STARTS)
    assert judge(worn, token="theirs") is Verdict.GIVE_UP
    assert judge(replace(worn, barren_starts=MAX_BARREN_STARTS - 1), token="theirs") is Verdict.TAKE
