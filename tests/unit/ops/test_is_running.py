"""Whether a start may submit nothing."""

from __future__ import annotations

import pytest

from weir.ops.desired import Submission
from weir.ops.launch import is_mute, is_running
from weir.ops.master import MasterState

NAME = "wikimedia_domain_counts"


def newest(**changed):
    known = {"driver_id": "d1", "submitted_seconds_ago": 500.0, "alive": True, "draining": False}
    return Submission(**(known | changed))


def master(drivers=None, apps=()):
    return MasterState(status="ALIVE", alive_workers=1, drivers=drivers or {}, apps=apps)


@pytest.mark.parametrize(
    ("submission", "state", "running"),
    [
        (newest(), master({"d1": "RUNNING"}, (NAME,)), True),
        # A worker died: the master gave the driver a new id, its application lives.
        (newest(), master({"d1": "RELAUNCHING", "d2": "RUNNING"}, (NAME,)), True),
        # The whole platform was stopped seconds ago: the proof of life is that of a dead driver.
        (newest(), master(), False),
        (newest(alive=False), master({"d1": "RUNNING"}), False),
        (newest(alive=False, submitted_seconds_ago=5.0), master({"d1": "SUBMITTED"}), True),
        (newest(draining=True), master({"d1": "RUNNING"}, (NAME,)), False),
        (newest(driver_id=None, alive=False), master(), False),
        # No worker has room for it; a second one would only wait behind it.
        (newest(alive=False), master({"d1": "SUBMITTED"}), True),
        # It gave the lease back a moment ago; the master does not know yet.
        (
            newest(alive=False, over=True, submitted_seconds_ago=5.0),
            master({"d1": "RUNNING"}, (NAME,)),
            False,
        ),
        # The owner drains, and its successor waits for the lease.
        (
            newest(draining=True, successor=True, submitted_seconds_ago=5.0),
            master({"d1": "RUNNING"}, (NAME,)),
            True,
        ),
        (newest(draining=True, successor=True), master({"d1": "RUNNING"}, (NAME,)), False),
    ],
)
def test_a_start_submits_unless_the_master_knows_a_driver_that_works(submission, state, running):
    """Else `weir down && weir up` would leave the stream standing still."""
    assert is_running(submission, state, NAME) is running


@pytest.mark.parametrize(
    ("submission", "state", "mute"),
    [
        (newest(alive=False, silent_seconds=61.0), master({"d1": "RUNNING"}), True),
        (newest(alive=False, silent_seconds=None), master({"d1": "RUNNING"}), True),
        # PostgreSQL was away for some seconds: it lives, and will say so.
        (newest(alive=False, silent_seconds=20.0), master({"d1": "RUNNING"}), False),
        # It is still starting.
        (newest(submitted_seconds_ago=50.0, silent_seconds=None), master({"d1": "RUNNING"}), False),
        (newest(alive=False, silent_seconds=61.0), master({"d1": "FINISHED"}), False),
    ],
)
def test_only_a_driver_that_has_long_been_silent_is_ended_before_the_next(submission, state, mute):
    """Both would be relaunched for ever."""
    assert is_mute(submission, state) is mute
