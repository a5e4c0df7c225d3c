"""The one transaction of a batch: products, search, dead letters, offsets and progress together.

Under a crash: before the commit nothing happened, after it the ledger is past the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from weir.market import batch_ledger
from weir.market import catalogue_store as store
from weir.market.batch_ledger import Offsets
from weir.market.catalogue import Entry
from weir.ops import lease, ledger

STREAM: Final = "market_catalogue"
QUERY: Final = "catalogue"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What the messages from `begins` up to, not including, `ends` say; `began`: monotonic.

    entries: at most one per product. Times are those of Kafka.
    """

    stream: str
    epoch: int
    batch_id: int
    begins: Offsets
    ends: Offsets
    entries: Sequence[Entry]
    rows: int
    refused: int
    began: float
    first_at: datetime | None = None
    last_at: datetime | None = None


def commit(
    connection: lease.Pg, batch: Batch, *, keep: Callable[[lease.Pg], None] | None = None
) -> int | None:
    """How many products changed; None when the ledger is past the batch already.

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
        if not batch_ledger.is_new(connection, span):
            return None
        changed = store.merge(connection, batch.entries)
        if keep is not None:
            keep(connection)
        batch_ledger.step_over(connection, span, _progress(batch))
    return len(changed)


def _progress(batch: Batch) -> ledger.Progress:
    return ledger.Progress(
        epoch=batch.epoch,
        batch_id=batch.batch_id,
        rows=batch.rows,
        refused=batch.refused,
        duration_ms=int((time.monotonic() - batch.began) * 1000),
        event_time_min=batch.first_at,
        event_time_max=batch.last_at,
    )
