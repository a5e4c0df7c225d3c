"""Promo's way to write to PostgreSQL and Kafka, tried in every order that can happen.

At each state that can be reached all processes die and one clean recovery runs; then the reader's
messages must be the rows, each once, and all that subscribers are owed. A change of
`weir/promo/seal.py` or `publish.py` that changes a step belongs in the model first.
"""

from __future__ import annotations

import pytest

from tests.support.protocol.explore import Explorer, Found
from tests.support.protocol.recover import Wrong
from tests.support.protocol.sealed import Sealed
from tests.support.protocol.simpler import Simpler, Usual
from tests.support.protocol.slips import Slip
from tests.support.protocol.walk import walk
from tests.support.protocol.world import Scope

ONE_BATCH = Scope(incarnations=3)
TWO_BATCHES = Scope(incarnations=2, campaigns=2, rows_per_chunk=1, wakes=1)
HELD = Scope(incarnations=2, held=True, may_cancel=True, topic_losses=0)
NEW_GENERATION = Scope(incarnations=2, campaigns=2, wakes=1, topic_losses=0, checkpoint_losses=1)
WIDE = Scope(
    incarnations=8,
    campaigns=3,
    joiners=0b1100,
    rows_per_chunk=1,
    wakes=6,
    topic_losses=2,
    checkpoint_losses=2,
    held=True,
    may_cancel=True,
)
CLEAN: dict[Wrong, int] = {}


def every_state(scope: Scope) -> Found:
    return Explorer(Sealed(scope)).run()


@pytest.mark.parametrize(
    ("scope", "at_least"),
    [(ONE_BATCH, 890_000), (TWO_BATCHES, 400_000), (HELD, 210_000), (NEW_GENERATION, 290_000)],
    ids=["one batch, 3 drivers", "2 batches of 2 chunks, 2 drivers", "held", "new generation"],
)
def test_no_order_of_faults_loses_or_doubles_a_notification(scope: Scope, at_least: int):
    """Crashes, zombies, lost and late commits, takeovers, wake-ups, joiners, a lost topic."""
    found = every_state(scope)
    assert (dict(found.bad_states), found.story) == (CLEAN, [])
    assert found.states > at_least, "the scope became smaller: something is never tried"


@pytest.mark.parametrize("seed", range(4))
def test_long_ways_with_many_drivers_and_faults_end_well(seed: int):
    """Eight drivers, three campaigns and two losses of each kind cannot be tried in full."""
    found = walk(Explorer(Sealed(WIDE)), seed=seed, walks=500, steps=300)
    assert (dict(found.bad_states), found.story) == (CLEAN, [])
    assert found.states > 30_000


def test_a_walk_can_see():
    """The rarest mistake, which needs two losses of the topic, is met by chance too."""
    slip = Slip.ANSWER_KEPT
    found = walk(Explorer(Sealed(WIDE, slip), slip), seed=1, walks=1_000, steps=300)
    assert set(found.bad_states) == {Wrong.DOUBLE}


USUAL = {
    Usual.PUBLISH_ALL: {Wrong.DOUBLE},
    Usual.PUBLISH_NEW: {Wrong.LOST},
    Usual.PUBLISHED_AT: {Wrong.DOUBLE},
    Usual.KAFKA_FIRST: {Wrong.DOUBLE, Wrong.LEAKED},
    Usual.UNSEALED: {Wrong.LOST},
}


@pytest.mark.parametrize("usual", Usual, ids=lambda usual: usual.value)
def test_each_of_the_usual_protocols_fails(usual: Usual):
    """The explorer can see: what is usually built loses or doubles with two drivers."""
    scope = Scope(incarnations=2, topic_losses=0, wakes=0)
    assert USUAL[usual] <= set(Explorer(Simpler(scope, usual)).run().bad_states)


SLIPS = {
    Slip.MARKER_BEFORE_FENCE: ({}, Wrong.DOUBLE),
    Slip.NO_CATCH_UP: ({}, Wrong.LOST),
    Slip.MARKER_PER_BATCH: ({}, Wrong.DOUBLE),
    Slip.COMMIT_AGAIN: ({}, Wrong.DOUBLE),
    Slip.PLAIN_AND_FLAG: ({}, Wrong.DOUBLE),
    Slip.NO_FIRST_MARKER: ({}, Wrong.STUCK),
    Slip.SKIP_BY_BATCH_ID: ({"checkpoint_losses": 1}, Wrong.LOST),
    Slip.EMPTY_MEANS_NEW: ({"topic_losses": 1}, Wrong.DOUBLE),
    Slip.EMPTY_MEANS_DONE: ({"topic_losses": 1}, Wrong.LOST),
    Slip.ANSWER_TOO_SOON: ({"topic_losses": 1}, Wrong.DOUBLE),
    Slip.ANSWER_KEPT: ({"topic_losses": 2}, Wrong.DOUBLE),
    Slip.WAKE_ASKS_FIRST: ({}, Wrong.LOST),
    Slip.WAKE_NOTES_FIRST: ({}, Wrong.LOST),
    Slip.CANCEL_READ_EARLY: ({"may_cancel": True}, Wrong.TOO_LATE),
}


def small(**more: int) -> Scope:
    base = {"incarnations": 2, "campaigns": 2, "rows_per_chunk": 1, "wakes": 1, "topic_losses": 0}
    return Scope(**base | more)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.value)
def test_one_changed_line_of_the_protocol_is_found_out(slip: Slip):
    """Each line is there for a reason, and the shortest story tells which."""
    more, wrong = SLIPS[slip]
    found = Explorer(Sealed(small(**more), slip), slip).run(stop_at_first=True)
    assert set(found.bad_states) == {wrong}, found.story


def test_the_epoch_is_a_second_lock():
    """Without it the offsets and the producer's fence still hold."""
    found = Explorer(Sealed(small(), Slip.NO_EPOCH), Slip.NO_EPOCH).run()
    assert dict(found.bad_states) == CLEAN


def test_every_slip_is_tried():
    """A slip that nobody explores proves nothing."""
    assert set(SLIPS) | {Slip.NO_EPOCH} == set(Slip)
    assert set(USUAL) == set(Usual)


@pytest.mark.long
@pytest.mark.step3
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "scope",
    [
        Scope(incarnations=2, campaigns=2, rows_per_chunk=1),
        Scope(incarnations=3, wakes=1, checkpoint_losses=1),
        Scope(incarnations=3, campaigns=2, rows_per_chunk=1, wakes=1),
        Scope(incarnations=2, campaigns=2, rows_per_chunk=1, wakes=1, checkpoint_losses=1),
        Scope(incarnations=2, campaigns=2, rows_per_chunk=1, wakes=1, held=True, may_cancel=True),
    ],
    ids=["woken twice", "generations", "3 drivers, 2 batches", "2 generations of 2", "held, 2"],
)
def test_larger_scopes_are_clean_too(scope: Scope):
    """Millions of states; minutes."""
    found = every_state(scope)
    assert (dict(found.bad_states), found.story) == (CLEAN, [])


@pytest.mark.long
@pytest.mark.step3
@pytest.mark.timeout(1800)
def test_many_long_ways_end_well():
    """More than a million steps through the widest scope."""
    found = walk(Explorer(Sealed(WIDE)), seed=20261122, walks=20_000, steps=300)
    assert (dict(found.bad_states), found.story) == (CLEAN, [])
