"""The ledger of a query over several topics: is a batch new, and the step over it.

Both within the transaction of the batch. Under a crash: either its results and the step are there,
or neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from weir.ops import lease, ledger

Offsets = Mapping[str, Mapping[int, int]]
Stands = Mapping[tuple[str, int], int]


@dataclass(frozen=True, kw_only=True)
class Span:
    """The messages from `begins` up to, not including, `ends`: topic -> partition -> offset."""

    stream: str
    query: str
    epoch: int
    begins: Offsets
    ends: Offsets

    @property
    def ranges(self) -> ledger.Ranges:
        """topic -> partition -> (first offset, next offset)."""
        return {
            topic: {p: (self.begins[topic][p], end) for p, end in ends.items()}
            for topic, ends in self.ends.items()
        }

    def place(self, topic: str) -> ledger.Place:
        """The rows of a topic in the ledger."""
        return ledger.Place(stream=self.stream, query=self.query, topic=topic)


def is_new(connection: lease.Pg, span: Span, stands: Stands | None = None) -> bool:
    """Whether the batch begins where the ledger stands; False when it was done before.

    `stands` where they are read already, such as with a lock. A partition that a topic gained since
    is begun at 0. Raises Fenced; ContractError when the offsets do not fit.
    """
    # Before the ledger is judged: an old epoch may meet offsets it does not understand.
    lease.check(connection, span.stream, span.epoch)
    before = _flat(span.begins)
    found = _fetch_stands(connection, span) if stands is None else stands
    known = ledger.with_new_partitions(found, before)
    return ledger.judge_range(known, before, _flat(span.ends)) is not ledger.Verdict.SKIP


def step_over(connection: lease.Pg, span: Span, progress: ledger.Progress | None) -> None:
    """Hold the lease, move the ledger to the end of the batch and note it. Raises Fenced."""
    lease.hold(connection, span.stream, span.epoch)
    for topic in sorted(span.ends):
        ledger.move_offsets(connection, span.place(topic), span.ends[topic])
    if progress is not None:
        ledger.note_progress(connection, span.stream, span.query, progress, span.ranges)


def _fetch_stands(connection: lease.Pg, span: Span) -> Stands:
    return {
        (topic, partition): offset
        for topic in sorted(span.ends)
        for partition, offset in ledger.fetch_offsets(connection, span.place(topic)).items()
    }


def _flat(offsets: Offsets) -> dict[tuple[str, int], int]:
    return {(topic, p): offset for topic, parts in offsets.items() for p, offset in parts.items()}
