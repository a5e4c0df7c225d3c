"""The ledger of a query over several topics: what is new, and what was done."""

from __future__ import annotations

from typing import Any

import pytest

from weir.errors import ContractError
from weir.market import batch_ledger
from weir.market.batch_ledger import Offsets, Span, is_new
from weir.ops import lease


@pytest.fixture(autouse=True)
def no_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "check", lambda *_: None)


def span(begins: Offsets, ends: Offsets) -> Span:
    return Span(stream="own", query="count", epoch=1, begins=begins, ends=ends)


STANDS = {("a", 0): 5, ("b", 0): 2}
NOWHERE: Any = None


def test_a_batch_is_new_where_the_ledger_stands_and_old_below() -> None:
    """A topic of which nothing came stands still."""
    newer = span({"a": {0: 5}, "b": {0: 2}}, {"a": {0: 9}, "b": {0: 2}})
    older = span({"a": {0: 1}, "b": {0: 2}}, {"a": {0: 5}, "b": {0: 2}})
    assert is_new(NOWHERE, newer, STANDS)
    assert not is_new(NOWHERE, older, STANDS)


def test_a_partition_that_a_topic_gained_is_begun_at_its_first_message() -> None:
    """Nobody restarts a stream because a topic grows."""
    grown = span({"a": {0: 5, 1: 0}, "b": {0: 2}}, {"a": {0: 5, 1: 3}, "b": {0: 2}})
    assert is_new(NOWHERE, grown, STANDS)


def test_a_batch_that_leaves_messages_out_is_refused() -> None:
    """Of one topic they would be lost, though the other fits."""
    with pytest.raises(ContractError, match="does not begin where the ledger stands"):
        is_new(NOWHERE, span({"a": {0: 5}, "b": {0: 3}}, {"a": {0: 6}, "b": {0: 4}}), STANDS)


def test_an_old_epoch_is_told_so_before_offsets_it_cannot_understand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another driver has moved them."""

    def over(*_: object) -> None:
        raise lease.Fenced("epoch 1 is over")

    monkeypatch.setattr(batch_ledger.lease, "check", over)
    with pytest.raises(lease.Fenced):
        is_new(NOWHERE, span({"a": {0: 1}, "b": {0: 9}}, {"a": {0: 7}, "b": {0: 9}}), STANDS)


def test_ranges_name_both_ends_of_every_partition() -> None:
    """They stand in the progress, for people."""
    assert span({"a": {0: 5}}, {"a": {0: 9}}).ranges == {"a": {0: (5, 9)}}
