"""Is a planned batch new, counted already, or a sign of lost offsets?"""

from __future__ import annotations

import pytest

from weir.errors import ContractError
from weir.ops.ledger import Place, Verdict, judge_range, refuse_loss, with_new_partitions


@pytest.mark.parametrize(
    ("ledger", "before", "after", "verdict"),
    [
        ({0: 5, 1: 7}, {0: 5, 1: 7}, {0: 9, 1: 7}, Verdict.COUNT),
        ({0: 0}, {0: 0}, {0: 0}, Verdict.COUNT),
        ({0: 9, 1: 7}, {0: 5, 1: 7}, {0: 9, 1: 7}, Verdict.SKIP),
        ({0: 20, 1: 30}, {0: 5, 1: 7}, {0: 9, 1: 8}, Verdict.SKIP),
    ],
)
def test_a_batch_at_the_ledger_counts_and_one_below_is_skipped(
    ledger: dict[int, int], before: dict[int, int], after: dict[int, int], verdict: Verdict
) -> None:
    """A replay after a crash must change no number."""
    assert judge_range(ledger, before, after) is verdict


@pytest.mark.parametrize(
    ("ledger", "before", "after"),
    [
        ({0: 5}, {0: 6}, {0: 9}),  # would lose message 5
        ({0: 5}, {0: 4}, {0: 9}),  # would count message 4 twice
        ({0: 9, 1: 0}, {0: 5, 1: 0}, {0: 9, 1: 3}),  # one partition counted, the other not
        ({0: 5}, {0: 5, 1: 0}, {0: 6, 1: 2}),  # a partition that the ledger does not know
        ({0: 5, 1: 2}, {0: 5}, {0: 6}),  # a partition that the batch does not know
        ({}, {0: 0}, {0: 3}),
    ],
)
def test_a_batch_that_would_lose_or_double_messages_is_refused(
    ledger: dict[int, int], before: dict[int, int], after: dict[int, int]
) -> None:
    """Stopping is better than a wrong number."""
    with pytest.raises(ContractError, match="does not begin where the ledger stands"):
        judge_range(ledger, before, after)


def test_a_partition_that_the_topic_gained_begins_at_nothing() -> None:
    """Somebody else's topic may grow while the stream runs; nothing of it was counted."""
    assert with_new_partitions({0: 5}, {0: 5, 1: 0}) == {0: 5, 1: 0}
    assert with_new_partitions({0: 5, 1: 7}, {0: 0, 1: 0}) == {0: 5, 1: 7}
    assert with_new_partitions({0: 5}, {0: 5, 1: 3}) == {0: 5}


def test_a_driver_does_not_start_over_a_hole_in_its_topic() -> None:
    """Kafka deleted messages 5 and 6; going on would hide it, and a loop would say nothing."""
    place = Place(stream="s", query="q", topic="t")
    refuse_loss(place, {0: 7, 1: 9}, {0: 7, 1: 0})
    with pytest.raises(ContractError, match=r"before they were counted: \{0: '5\.\.6'\}"):
        refuse_loss(place, {0: 5, 1: 9}, {0: 7, 1: 0})
