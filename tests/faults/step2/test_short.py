"""The short matrix of the control room: the faults that tell most, once, under load.

Drain and start are left to the tests of the form and of the page, which do them by hand.
"""

from __future__ import annotations

import pytest

from tests.faults.rig import STREAM
from tests.faults.step2.room import Room
from tests.faults.step2.scenarios import SCENARIOS
from tests.faults.step2.watcher import batches_of_an_older_epoch

ONCE = (
    "clear",
    "kill -9 of the scheduler",
    "kill -9 of the triggerer",
    "mark failed, DAG paused",
)


@pytest.mark.timeout(900)
def test_no_hand_and_no_fault_in_airflow_makes_two_drivers_or_a_wrong_count(
    control_room: Room,
):
    """The promise of the control room, in a few minutes."""
    r = control_room
    with r.watched() as watcher:
        assert r.slots_held() == 0
        for name in ONCE:
            SCENARIOS[name](r)
            assert watcher.most == 1, name
        assert r.slots_held() == 0
        assert batches_of_an_older_epoch(r.settings, STREAM) == 0
        assert r.check_counts() > 0
