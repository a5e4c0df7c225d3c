"""The one transaction of a batch: products, search, dead letters, offsets and progress together.

Under a crash: before the commit nothing happened, after it the ledger is past the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from weir.market import catalogue_store as store
from weir.market.catalogue import Entry
from weir.ops import lease, ledger

STREAM: Final = "market_catalogue"
QUERY: Final = "catalogue"
Offsets = Mapping[str, Mapping[int, int]]


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
    places = {
        topic: ledger.Place(stream=batch.stream, query=QUERY, topic=topic) for topic in batch.ends
    }
    with connection.transaction():
        stands = _parts({t: ledger.fetch_offsets(connection, p) for t, p in places.items()})
        # Before the ledger is judged: an old epoch may meet offsets it does not understand.
        lease.check(connection, batch.stream, batch.epoch)
        verdict = ledger.judge_range(stands, _parts(batch.begins), _parts(batch.ends))
        if verdict is ledger.Verdict.SKIP:
            return None
        changed = store.merge(connection, batch.entries)
        if keep is not None:
            keep(connection)
        lease.hold(connection, batch.stream, batch.epoch)
        for topic, place in places.items():
            ledger.move_offsets(connection, place, batch.ends[topic])
        ledger.note_progress(
            connection, next(iter(places.values())), _progress(batch), _ranges(batch)
        )
    return len(changed)


def _parts(offsets: Offsets) -> dict[tuple[str, int], int]:
    return {(topic, p): offset for topic, parts in offsets.items() for p, offset in parts.items()}


def _progress(batch: Batch) -> ledger.Progress:
    return ledger.Progress(
        epoch=batch.epoch,
        batch_id=batch.batch_id,
        rows=batch.rows,
        refused=batch.refused,
        duration_ms=int((time.monotonic() - batch.began) * 1000),
        before={},
        after={},
        event_time_min=batch.first_at,
        event_time_max=batch.last_at,
    )


def _ranges(batch: Batch) -> dict[str, dict[str, list[int]]]:
    return {
        topic: {str(p): [batch.begins[topic][p], end] for p, end in sorted(ends.items())}
        for topic, ends in batch.ends.items()
    }
