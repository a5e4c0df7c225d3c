"""The one transaction of a batch: counts, what is counted, dead letters, offsets, progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from weir.market import batch_ledger
from weir.market import statistics_store as store
from weir.market.batch_ledger import Offsets
from weir.market.count_once import lock_ledger, take_new
from weir.ops import lease, ledger

STREAM: Final = "market_statistics"
QUERY: Final = "counts"


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
    span = batch_ledger.Span(
        stream=batch.stream,
        query=QUERY,
        epoch=batch.epoch,
        begins=batch.begins,
        ends=batch.ends,
    )
    with connection.transaction():
        # Locked first: a backfill waits for this batch, or this batch for the backfill.
        stands = lock_ledger(connection, batch.stream, QUERY)
        if not batch_ledger.is_new(connection, span, stands):
            return None
        new = take_new(connection, batch.facts)
        store.add(connection, new)
        if keep is not None:
            keep(connection)
        batch_ledger.step_over(connection, span, _progress(batch))
    return len(new)


def _progress(batch: Batch) -> ledger.Progress:
    minutes = pc.min_max(batch.facts["minute"]).as_py()
    return ledger.Progress(
        epoch=batch.epoch,
        batch_id=batch.batch_id,
        rows=batch.rows,
        refused=batch.refused,
        duration_ms=int((time.monotonic() - batch.began) * 1000),
        event_time_min=_utc(minutes["min"]),
        event_time_max=_utc(minutes["max"]),
    )


def _utc(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
