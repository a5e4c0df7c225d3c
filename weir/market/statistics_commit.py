"""The one transaction of a batch: counts, what is counted, dead letters, offsets, progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from weir.market import statistics_store as store
from weir.market.count_once import lock_ledger, take_new
from weir.ops import lease, ledger

STREAM: Final = "market_statistics"
QUERY: Final = "counts"
Offsets = Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Facts of the messages from `begins` up to, not including, `ends`; `began`: monotonic."""

    stream: str
    epoch: int
    batch_id: int
    begins: Offsets
    ends: Offsets
    facts: pa.Table
    rows: int
    refused: int
    began: float


def commit(
    connection: lease.Pg, batch: Batch, *, keep: Callable[[lease.Pg], None] | None = None
) -> int | None:
    """How many messages were counted; None when the ledger is past the batch already.

    `keep` stores the dead letters of the batch. Raises Fenced; ContractError when the offsets do
    not fit.
    """
    before = {(t, p): offset for t, parts in batch.begins.items() for p, offset in parts.items()}
    after = {(t, p): offset for t, parts in batch.ends.items() for p, offset in parts.items()}
    with connection.transaction():
        # Locked first: a backfill waits for this batch, or this batch for the backfill.
        stands = lock_ledger(connection, batch.stream, QUERY)
        # Before the ledger is judged: an old epoch may meet offsets it does not understand.
        lease.check(connection, batch.stream, batch.epoch)
        if ledger.judge_range(stands, before, after) is ledger.Verdict.SKIP:
            return None
        new = take_new(connection, batch.facts)
        store.add(connection, new)
        if keep is not None:
            keep(connection)
        lease.hold(connection, batch.stream, batch.epoch)
        for topic, ends in batch.ends.items():
            place = ledger.Place(stream=batch.stream, query=QUERY, topic=topic)
            ledger.move_offsets(connection, place, ends)
        _note(connection, batch)
    return len(new)


def _note(connection: lease.Pg, batch: Batch) -> None:
    minutes = pc.min_max(batch.facts["minute"]).as_py()
    progress = ledger.Progress(
        epoch=batch.epoch,
        batch_id=batch.batch_id,
        rows=batch.rows,
        refused=batch.refused,
        duration_ms=int((time.monotonic() - batch.began) * 1000),
        before={},
        after={},
        event_time_min=_utc(minutes["min"]),
        event_time_max=_utc(minutes["max"]),
    )
    ranges = {
        topic: {str(p): [batch.begins[topic][p], end] for p, end in sorted(ends.items())}
        for topic, ends in batch.ends.items()
    }
    place = ledger.Place(stream=batch.stream, query=QUERY, topic=next(iter(batch.ends)))
    ledger.note_progress(connection, place, progress, ranges)


def _utc(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
