"""The state of a stream, from its signs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.ops.states import Observed, Signs, judge_state

HEALTHY = Signs(
    desired="run",
    owned=True,
    draining=False,
    heartbeat_seconds=1.0,
    submitted_seconds=500.0,
    taken_seconds=400.0,
    progress_seconds=2.0,
    lag_messages=10,
)


@pytest.mark.parametrize(
    ("signs", "state"),
    [
        (HEALTHY, Observed.RUNNING),
        (replace(HEALTHY, progress_seconds=5000.0, lag_messages=0), Observed.RUNNING),
        (replace(HEALTHY, progress_seconds=61.0), Observed.STALLED),
        (replace(HEALTHY, progress_seconds=None), Observed.STALLED),
        (replace(HEALTHY, progress_seconds=None, submitted_seconds=5.0), Observed.STARTING),
        (replace(HEALTHY, progress_seconds=None, taken_seconds=89.0), Observed.STARTING),
        (replace(HEALTHY, progress_seconds=None, taken_seconds=90.0), Observed.STALLED),
        (replace(HEALTHY, progress_seconds=61.0, taken_seconds=70.0), Observed.STALLED),
        (replace(HEALTHY, draining=True), Observed.DRAINING),
        (replace(HEALTHY, heartbeat_seconds=11.0), Observed.RESTARTING),
        (replace(HEALTHY, heartbeat_seconds=15.0, taken_seconds=1.0), Observed.STARTING),
        (replace(HEALTHY, heartbeat_seconds=15.0, taken_seconds=16.0), Observed.RESTARTING),
        (replace(HEALTHY, heartbeat_seconds=11.0, owned=False), Observed.DOWN),
        (replace(HEALTHY, heartbeat_seconds=11.0, owned=False, taken_seconds=30.0), Observed.DOWN),
        (replace(HEALTHY, heartbeat_seconds=None, submitted_seconds=3.0), Observed.STARTING),
        (replace(HEALTHY, desired="drained", owned=False), Observed.PARKED),
        (replace(HEALTHY, desired="failed", heartbeat_seconds=60.0), Observed.PARKED),
        (replace(HEALTHY, desired="drained"), Observed.ORPHANED),
    ],
)
def test_each_combination_of_signs_has_one_state(signs: Signs, state: Observed) -> None:
    """A stream that stands still must never look healthy."""
    assert judge_state(signs) is state
