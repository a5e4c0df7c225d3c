"""Whether a stop was ordered in Airflow that nobody has passed on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.ops.forsaken import LATE_SECONDS, Run, judge_run

ENDED = Run(paused=True, active=False, ended_seconds=LATE_SECONDS + 1)


def test_a_run_that_a_person_ended_on_a_paused_dag_is_a_stop():
    """The triggerer was down, so nobody asked the driver."""
    assert judge_run(ENDED, 500.0)


@pytest.mark.parametrize(
    ("run", "epoch_seconds"),
    [
        (None, 500.0),
        # Its next run adopts the driver.
        (replace(ENDED, paused=False), 500.0),
        (replace(ENDED, active=True), 500.0),
        # Nobody ended anything: the stream was started by hand, or its run failed by itself.
        (replace(ENDED, ended_seconds=None), 500.0),
        # The triggerer may still be at it.
        (replace(ENDED, ended_seconds=LATE_SECONDS), 500.0),
        # The stream was started again since.
        (ENDED, LATE_SECONDS),
    ],
)
def test_everything_else_leaves_the_driver_alone(run, epoch_seconds):
    """Stopping a stream that somebody wants is worse than missing a wish."""
    assert judge_run(run, epoch_seconds) is None
