"""Whether a start may submit nothing."""

from __future__ import annotations

import pytest

from weir.ops.desired import Submission
from weir.ops.launch import is_running
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
    ],
)
def test_a_start_submits_unless_the_master_knows_a_driver_that_works(submission, state, running):
    """Else `weir down && weir up` would leave the stream standing still."""
    assert is_running(submission, state, NAME) is running
