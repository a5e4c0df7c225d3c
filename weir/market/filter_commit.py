"""The filter's ledger: is a batch still to be done, and the transaction that says it is done.

What the filter writes to Kafka is outside of it: a driver that dies between the two writes its
batch again, under the list of that later moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from weir.market import batch_ledger
from weir.market.batch_ledger import Offsets
from weir.ops import lease, ledger

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
    return batch_ledger.is_new(connection, _span(batch))


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
        progress = ledger.Progress(
            epoch=batch.epoch,
            batch_id=batch.batch_id,
            rows=done.rows,
            refused=done.refused,
            duration_ms=int((time.monotonic() - batch.began) * 1000),
            event_time_min=None,
            event_time_max=None,
        )
        batch_ledger.step_over(connection, _span(batch), progress)
    return True


def _span(batch: Batch) -> batch_ledger.Span:
    return batch_ledger.Span(
        stream=batch.stream,
        query=batch.query,
        epoch=batch.epoch,
        begins=batch.begins,
        ends=batch.ends,
    )
