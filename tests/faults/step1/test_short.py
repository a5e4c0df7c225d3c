"""The short matrix, part of `make test`: every kind of fault once, on 6,000 events."""

from __future__ import annotations

import signal

import pytest

from tests.faults.rig import rig

EVENTS = 6000
RATE = 150.0


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_when_each_part_is_killed_once():
    """The promise of the project, in two minutes."""
    with rig(EVENTS, RATE) as r:
        r.order(cuts=3, cut_after_events=900, cut_mid_event=True)
        r.wait_for(300)
        r.kill("collect-wikimedia")
        r.wait_for(1000)
        r.kill_driver()
        r.kill("redis")
        r.wait_for(2000)
        r.kill("kafka", signal.SIGTERM)
        r.wait_for(2800)
        r.kill("postgres", signal.SIGQUIT)  # immediate shutdown: crash recovery follows
        r.wait_for(3600)
        r.kill("spark-worker")
        r.wait_for(4400)
        r.kill("spark-master")
        r.kill_driver()
        r.delete_checkpoint()
        r.check()
