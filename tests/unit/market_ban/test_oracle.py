"""The judge of the ban promise sees a leak, and calls nothing else one."""

from __future__ import annotations

import pytest

from tests.faults.step4.oracle import Let, Sent, Span, World, leaks, owed
from tests.faults.step4.people import moments
from weir.market.filtered import Change, Mark, Source, Version
from weir.market.rules import Kind, Rule

RULE = Rule(Kind.SKU_PREFIX, "F01-")
SOURCE = Source("shops", 0, 7)


def world(*, sent_at: float, **span: float | None) -> World:
    spans = [Span(rule=RULE, committed_at=100.0, **span)]  # type: ignore[arg-type]
    return World(sent={SOURCE: Sent("p1", "F01-0001", sent_at)}, spans=spans)


def let(version: int, *, at: float = 101.0, change: Change = Change.ALLOWED) -> Let:
    return Let("p1", Mark(change, SOURCE, Version(0, 7, version, 1)), at)


@pytest.mark.parametrize("version", [4, 5, 9])
def test_what_was_sent_after_a_ban_and_let_through_is_a_leak(version: int):
    """By a stale list, or by a list that held the ban."""
    assert len(leaks(world(sent_at=100.5), [let(version)])) == 1


def test_what_was_sent_before_the_commit_returned_is_none():
    """It may be in a batch that had read the list."""
    assert leaks(world(sent_at=99.9), [let(4)]) == []


def test_what_is_let_through_by_the_list_of_the_lift_is_none():
    """It waited until it was free."""
    assert leaks(world(sent_at=100.5, lifted_version=8), [let(8)]) == []
    assert len(leaks(world(sent_at=100.5, lifted_version=8), [let(7)])) == 1


def test_what_is_written_after_the_end_of_a_ban_is_none():
    """Nobody lifts a ban that has an end."""
    assert leaks(world(sent_at=100.5, until=102.0), [let(5, at=102.0)]) == []
    assert len(leaks(world(sent_at=100.5, until=102.0), [let(5, at=101.9)])) == 1


def test_what_comes_back_after_a_lift_and_what_another_rule_hits_is_none():
    """But one that is let in again while its ban holds is a leak like any other."""
    back = world(sent_at=100.5, lifted_version=8)
    assert leaks(back, [let(9, change=Change.READMITTED)]) == []
    assert len(leaks(back, [let(7, change=Change.READMITTED)])) == 1
    other = World(sent={SOURCE: Sent("p1", "F02-0001", 101.0)}, spans=world(sent_at=0).spans)
    assert leaks(other, [let(5)]) == []


def test_in_the_end_the_newest_record_counts_and_a_live_rule_blocks_it():
    """The catalogue must show exactly that."""
    found = world(sent_at=99.0, until=200.0)
    newer = Source("shops", 0, 9)
    found.sent[newer] = Sent("p1", "F01-0001", 99.5)
    assert owed(found, 150.0) == {"p1": ("blocked", newer)}
    assert owed(found, 200.0) == {"p1": ("listed", newer)}


def test_deeds_are_spread_over_the_time():
    """All at one moment would meet one batch."""
    found = moments(240.0, 200, seed=4)
    assert found == sorted(found)
    assert all(0 <= at <= 240 for at in found)
    assert len(set(found)) == 200
