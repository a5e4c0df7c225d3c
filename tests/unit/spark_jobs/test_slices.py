"""Batches cut into consecutive parts."""

from __future__ import annotations

from itertools import pairwise

import pytest

from spark_jobs.lib.slices import Slice

BEGINS = {"a": {0: 5, 1: 7}, "b": {0: 0}}
ENDS = {"a": {0: 8, 1: 7}, "b": {0: 4}}


def batch() -> Slice:
    return Slice(batch_id=3, begins=BEGINS, ends=ENDS)


def test_a_slice_is_as_large_as_its_offsets() -> None:
    """Control records count too: nobody knows them before reading."""
    assert batch().size == 7
    assert batch().nothing().size == 0


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 16])
def test_the_parts_are_consecutive_and_together_the_whole(parts: int) -> None:
    """A part that begins elsewhere would be refused by the ledger."""
    pieces = batch().split(parts)
    assert pieces[0].begins == BEGINS
    assert pieces[-1].ends == ENDS
    assert all(before.ends == after.begins for before, after in pairwise(pieces))
    assert all(piece.size for piece in pieces)
    assert len(pieces) == min(parts, 7)
    assert {(piece.batch_id, piece.whole) for piece in pieces} == {(3, False)}


def test_split_far_enough_each_message_is_alone_and_has_a_place() -> None:
    """Within a partition the order stays."""
    assert [piece.only_place() for piece in batch().split(100)] == [
        *(("a", 0, offset) for offset in (5, 6, 7)),
        *(("b", 0, offset) for offset in (0, 1, 2, 3)),
    ]


def test_a_cut_beyond_the_batch_ends_with_the_batch() -> None:
    """The batch planned after a death may be shorter, or have other partitions."""
    head, rest = batch().cut({"a": {0: 100, 1: 100}, "c": {0: 1}})
    assert head.ends == {"a": {0: 8, 1: 7}, "b": {0: 4}}
    assert rest.size == 0
    head, rest = batch().cut({"a": {0: 6, 1: 0}, "b": {0: 2}})
    assert head.ends == rest.begins == {"a": {0: 6, 1: 7}, "b": {0: 2}}
    assert (head.size, rest.size) == (3, 4)
