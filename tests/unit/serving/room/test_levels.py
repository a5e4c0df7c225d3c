"""The one word and the colour of a stream."""

from __future__ import annotations

import pytest

from weir.ops.health import Finding, Health
from weir.ops.operations import Verb
from weir.ops.states import Desired, Observed
from weir.serving.room.levels import LEVELS, Level, headline
from weir.serving.room.useless import useless_verbs


def finding(health: Health) -> Finding:
    return Finding(health=health, words="", next_step="")


def test_every_state_of_health_has_a_level():
    """A new state without a colour would break the page."""
    assert set(LEVELS) == set(Health)


@pytest.mark.parametrize(
    ("observed", "health", "expected"),
    [
        ("running", Health.HEALTHY, (Level.OK, "running")),
        ("running", Health.BEHIND, (Level.WARN, "behind")),
        ("parked", Health.PARKED, (Level.IDLE, "parked")),
        ("parked", Health.FAILED, (Level.BAD, "failed")),
        ("parked", Health.RETENTION_DANGER, (Level.BAD, "retention_danger")),
        ("draining", Health.PARKED, (Level.BUSY, "draining")),
        ("restarting", Health.DOWN, (Level.WARN, "restarting")),
        ("down", Health.DOWN, (Level.BAD, "down")),
        ("waiting", Health.STARTING, (Level.BUSY, "waiting")),
    ],
)
def test_the_word_is_what_is_wrong_else_what_the_stream_does(observed, health, expected):
    """A stream that runs and falls behind must not read `running`."""
    assert headline(observed, [finding(health)]) == expected


def test_a_running_stream_cannot_be_started():
    """The button says why instead of doing nothing."""
    assert list(useless_verbs(Desired.RUN, Observed.RUNNING)) == [Verb.START]


def test_a_parked_stream_can_only_be_started():
    """Draining what is drained changes nothing."""
    assert list(useless_verbs(Desired.DRAINED, Observed.PARKED)) == [Verb.DRAIN, Verb.STOP]
    assert list(useless_verbs(Desired.FAILED, Observed.PARKED)) == [Verb.DRAIN, Verb.STOP]


@pytest.mark.parametrize("observed", [Observed.DOWN, Observed.RESTARTING, Observed.DRAINING])
def test_a_wanted_stream_without_a_driver_can_be_started(observed):
    """This is when a person needs the button most."""
    assert useless_verbs(Desired.RUN, observed) == {}


def test_an_orphan_can_be_stopped():
    """A driver that works though nobody wants it must have a way out."""
    assert Verb.STOP not in useless_verbs(Desired.DRAINED, Observed.ORPHANED)
