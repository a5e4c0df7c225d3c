"""The one transaction that decides a batch: after its commit the content can never change.

Order: epoch and offsets are checked, campaigns stored and decided by the database's clock, the
audience read, notifications inserted once per (campaign, client), dead letters kept, the lease
held, offsets moved, the ledger written. Under a crash: all of it or nothing; a batch that was
sealed before is not computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.types.json import Jsonb

from weir.contracts.campaign import Campaign
from weir.kafka.dead_letters import DeadLetter, store_all
from weir.ops import lease, ledger
from weir.ops.failpoint import reach
from weir.ops.lease import Pg
from weir.promo.decide import decide
from weir.promo.stage import CREATE, Stage, pairs_of
from weir.promo.subscriptions import Subscriptions
from weir.promo.wakeups import Wake

QUERY: Final = "join"

NEXT_SEQ: Final = "select nextval(pg_get_serial_sequence('ops.batch_ledger', 'seq'))"
NOTE: Final = """
    insert into ops.batch_ledger (stream, query, seq, generation, batch_id, epoch, offsets, n_rows,
                                  chunks)
    select %(stream)s, %(query)s, %(seq)s,
           coalesce((select generation + (batch_id > %(batch_id)s)::int from ops.batch_ledger
                     where stream = %(stream)s order by seq desc limit 1), 1),
           %(batch_id)s, %(epoch)s, %(offsets)s, %(rows)s, %(chunks)s
"""


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A batch in the ledger. `rows` are notifications, in `chunks` transactions of Kafka."""

    seq: int
    chunks: int
    rows: int


def prepare(connection: Pg) -> None:
    """Make this connection's stage. Outside any transaction."""
    # Millions of subscribers take longer than other batches; a driver that hangs is idle, and that
    # has a limit of its own.
    connection.execute("set transaction_timeout = '1h'")
    connection.execute(CREATE)


def seal(
    connection: Pg,
    *,
    stream: str,
    epoch: int,
    batch_id: int,
    offsets: ledger.Ranges,
    campaigns: Sequence[Campaign],
    wakes: Iterable[Wake],
    refusals: Iterable[DeadLetter],
    subscriptions: Subscriptions,
    progress: Callable[[], ledger.Progress] | None = None,
    now: int | None = None,
) -> Sealed | None:
    """Seal one batch; None when the ledger has it already.

    `campaigns` in the order in which they shall count. `now`: for tests, else the database's.
    Raises Fenced, ContractError (the offsets do not fit), Unavailable (no subscribers can be read).
    """
    before = {(t, p): begin for t, parts in offsets.items() for p, (begin, _) in parts.items()}
    after = {(t, p): end for t, parts in offsets.items() for p, (_, end) in parts.items()}
    places = {t: ledger.Place(stream=stream, query=QUERY, topic=t) for t in sorted(offsets)}
    with connection.transaction():
        stands = {
            (topic, part): offset
            for topic, place in places.items()
            for part, offset in ledger.fetch_offsets(connection, place).items()
        }
        # Before the ledger is judged: an old epoch may meet offsets it does not understand.
        lease.check(connection, stream, epoch)
        stands = ledger.with_new_partitions(stands, before)
        if ledger.judge_range(stands, before, after) is ledger.Verdict.SKIP:
            return None
        decision = decide(
            connection, campaigns, wakes, tells_changes=subscriptions.tells_changes, now=now
        )
        reach("after_decision")
        (seq,) = connection.execute(NEXT_SEQ).fetchone() or (0,)
        stage = Stage(connection, stream, seq, decision.now)
        stage.fill(pairs_of(decision, subscriptions))
        store_all(connection, refusals)
        reach("before_hold")
        lease.hold(connection, stream, epoch)
        for topic, place in places.items():
            ends = {part: end for part, (_, end) in offsets[topic].items()}
            ledger.move_offsets(connection, place, ends)
        connection.execute(
            NOTE,
            {
                "stream": stream,
                "query": QUERY,
                "seq": seq,
                "batch_id": batch_id,
                "epoch": epoch,
                "offsets": Jsonb(ledger.written(offsets)),
                "rows": stage.rows,
                "chunks": stage.chunks,
            },
        )
        if progress is not None:
            ledger.note_progress(connection, stream, QUERY, progress(), offsets)
        reach("before_seal_commit")
    reach("after_seal")
    return Sealed(seq=seq, chunks=stage.chunks, rows=stage.rows)
