"""What reconcile does, and above all what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.ops.breaker import RestartLimit
from weir.ops.reconcile import (
    FORGOTTEN_SECONDS,
    MAX_LOST,
    ORPHAN_SECONDS,
    Act,
    LivingDriver,
    Look,
    judge_look,
)

LIMIT = RestartLimit(max=5, within_minutes=10)
OWNER = LivingDriver(driver_id="d1", known_seconds=500.0)
OTHER = LivingDriver(driver_id="d2", known_seconds=ORPHAN_SECONDS + 1)
HEALTHY = Look(
    desired="run",
    unwanted_seconds=9000.0,
    alive=True,
    draining=False,
    owner_driver="d1",
    drivers=(OWNER,),
    restarts=0,
    lost=0,
    mute_seconds=None,
)
DEAD = replace(HEALTHY, alive=False)


def acts(look: Look) -> list[tuple[Act, str | None]]:
    return [(deed.act, deed.driver_id) for deed in judge_look(look, LIMIT)]


@pytest.mark.parametrize(
    "look",
    [
        HEALTHY,
        # Spark relaunches it, or Airflow submits the next one.
        DEAD,
        replace(DEAD, drivers=()),
        replace(DEAD, drivers=(), forgotten_seconds=FORGOTTEN_SECONDS),
        replace(DEAD, drivers=(), desired="failed", forgotten_seconds=FORGOTTEN_SECONDS + 1),
        # It may still be starting, or watching the owner for ten seconds.
        replace(HEALTHY, drivers=(OWNER, replace(OTHER, known_seconds=ORPHAN_SECONDS))),
        # The successor of a draining driver waits for its lease.
        replace(HEALTHY, draining=True, drivers=(OWNER, OTHER)),
        # A driver of an older version did not say who it is.
        replace(HEALTHY, owner_driver=None, drivers=(OWNER, OTHER)),
        # It works: what was before is over.
        replace(HEALTHY, restarts=99, lost=99),
        replace(DEAD, restarts=4, lost=MAX_LOST - 1, mute_seconds=600.0),
        replace(HEALTHY, desired="drained", unwanted_seconds=ORPHAN_SECONDS),
        # A long batch of a drained stream is waited for; a person may stop it.
        replace(HEALTHY, desired="drained", draining=True),
        replace(DEAD, desired="drained", drivers=()),
        replace(DEAD, desired="failed", drivers=(replace(OWNER, known_seconds=5.0),)),
    ],
)
def test_what_others_put_right_is_left_alone(look):
    """Two that restart one stream would fight."""
    assert acts(look) == []


def test_a_second_driver_beside_the_owner_is_ended():
    """It would wait for ever, with memory that another stream needs."""
    assert acts(replace(HEALTHY, drivers=(OWNER, OTHER))) == [(Act.KILL, "d2")]


@pytest.mark.parametrize("desired", ["drained", "failed"])
def test_a_living_driver_that_nobody_wants_is_asked_to_stop(desired):
    """Its batch is finished first."""
    assert acts(replace(HEALTHY, desired=desired)) == [(Act.ASK, None)]


@pytest.mark.parametrize("desired", ["drained", "failed"])
def test_a_driver_without_life_that_nobody_wants_is_killed(desired):
    """It hangs, or dies and is relaunched for ever."""
    look = replace(DEAD, desired=desired, drivers=(OWNER, OTHER))
    assert acts(look) == [(Act.KILL, "d1"), (Act.KILL, "d2")]


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        ({"restarts": 5}, "5 restarts in 10 minutes"),
        ({"lost": MAX_LOST}, "died before they took the lease"),
        ({"mute_seconds": 601.0}, "has run for 10 minutes and never took the lease"),
    ],
)
def test_a_stream_that_only_dies_is_parked_with_the_reason(signs, words):
    """An endless loop costs processor time, and nobody reads its logs."""
    (deed,) = judge_look(replace(DEAD, **signs), LIMIT)
    assert deed.act is Act.FAIL
    assert words in deed.reason


def test_a_driver_that_nobody_follows_any_more_is_asked_once():
    """A stop that was ordered while the triggerer was down would never arrive."""
    forsaken = replace(HEALTHY, forsaken="its task was ended")
    assert acts(forsaken) == [(Act.ASK, None)]
    assert acts(replace(forsaken, draining=True)) == []


def test_a_stream_that_the_cluster_forgot_gets_a_driver():
    """A master that dies while it relaunches a driver remembers neither."""
    forgotten = replace(DEAD, drivers=(), forgotten_seconds=FORGOTTEN_SECONDS + 1)
    assert acts(forgotten) == [(Act.SUBMIT, None)]
    assert acts(replace(forgotten, restarts=6)) == [(Act.FAIL, None)]
