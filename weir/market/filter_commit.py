"""The filter's ledger: is a batch still to be done, and the transaction that says it is done.

What the filter writes to Kafka is outside of it: a driver that dies between the two writes its
batch again, under the list of that later moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from weir.ops import lease, ledger

Offsets = Mapping[str, Mapping[int, int]]

SAW: Final = """
    insert into market.filter_seen as s (stream, epoch, ban_version) values (%s, %s, %s)
    on conflict (stream) do update set epoch = excluded.epoch, ban_version = excluded.ban_version,
                                       seen_at = clock_timestamp()
"""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The messages from `begins` up to, not including, `ends`; `began`: monotonic seconds."""

    stream: str
    query: str
    epoch: int
    batch_id: int
    begins: Offsets
    ends: Offsets
    began: float


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of them, and the version of the list that decided."""

    ban_version: int
    rows: int
    refused: int


def is_new(connection: lease.Pg, batch: Batch) -> bool:
    """Whether the batch is still to be done. Raises Fenced; ContractError: offsets do not fit."""
    # Before the ledger is judged: an old epoch may meet offsets it does not understand.
    lease.check(connection, batch.stream, batch.epoch)
    stands = {
        (topic, partition): offset
        for topic, place in _places(batch).items()
        for partition, offset in ledger.fetch_offsets(connection, place).items()
    }
    before = {(t, p): offset for t, parts in batch.begins.items() for p, offset in parts.items()}
    after = {(t, p): offset for t, parts in batch.ends.items() for p, offset in parts.items()}
    return ledger.judge_range(stands, before, after) is not ledger.Verdict.SKIP


def commit(
    connection: lease.Pg, batch: Batch, done: Done, *, keep: Callable[[lease.Pg], None]
) -> bool:
    """Move the ledger over the batch; False when it is past it already.

    `keep` stores the dead letters of the batch. Raises Fenced, ContractError.
    """
    with connection.transaction():
        if not is_new(connection, batch):
            return False
        keep(connection)
        connection.execute(SAW, [batch.stream, batch.epoch, done.ban_version])
        lease.hold(connection, batch.stream, batch.epoch)
        for topic, place in _places(batch).items():
            ledger.move_offsets(connection, place, batch.ends[topic])
        _note(connection, batch, done)
    return True


def _places(batch: Batch) -> dict[str, ledger.Place]:
    return {
        topic: ledger.Place(stream=batch.stream, query=batch.query, topic=topic)
        for topic in sorted(batch.ends)
    }


def _note(connection: lease.Pg, batch: Batch, done: Done) -> None:
    progress = ledger.Progress(
        epoch=batch.epoch,
        batch_id=batch.batch_id,
        rows=done.rows,
        refused=done.refused,
        duration_ms=int((time.monotonic() - batch.began) * 1000),
        before={},
        after={},
        event_time_min=None,
        event_time_max=None,
    )
    ranges = {
        topic: {str(p): [batch.begins[topic][p], end] for p, end in sorted(ends.items())}
        for topic, ends in batch.ends.items()
    }
    ledger.note_progress(connection, next(iter(_places(batch).values())), progress, ranges)
