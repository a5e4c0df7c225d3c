"""Sealed batches that were published a month ago go: their members, their chunks, their row.

The ledger's rows go first: a batch without one is never published, so what a crash leaves of it is
only garbage, and the next time finds it below the oldest row that is kept. Kept is the batch of the
marker and all after it, and what a person ordered to be published again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weir.ops.lease import Pg

KEEP_DAYS: Final = 30
BATCHES_AT_ONCE: Final = 10_000
MEMBERS_AT_ONCE: Final = 20_000
"""Of one transaction; a chunk has no more."""

RULE: Final = f"published, older than {KEEP_DAYS} days"

# One after the other by their primary keys: never a walk over what was deleted before.
OLD: Final = """
    from ops.batch_ledger l join ops.publication p using (stream)
    where l.seq < least(p.published_seq, p.assume_published)
      and l.sealed_at < clock_timestamp() - make_interval(days => %(days)s)
"""
COUNT: Final = f"select count(*) {OLD}"
LAST: Final = f"select stream, max(l.seq) {OLD} group by stream order by stream"
# No order meanwhile; one that came before counts.
HOLD: Final = """
    select least(published_seq, assume_published) from ops.publication
    where stream = %s for share
"""
SOME: Final = """
    select max(seq) from (select seq from ops.batch_ledger
                          where stream = %s and seq > %s and seq <= %s order by seq limit %s) s
"""
FORGET_BATCHES: Final = "delete from ops.batch_ledger where stream = %s and seq > %s and seq <= %s"
OLDEST: Final = """
    select stream, (select min(seq) from ops.batch_ledger l where l.stream = p.stream)
    from ops.publication p order by stream
"""
CHUNKS: Final = """
    select seq, chunk, n from promo.batch_chunk
    where stream = %s and (seq, chunk) > (%s, %s) and seq < %s order by seq, chunk limit 1000
"""
FORGET_MEMBERS: Final = """
    delete from promo.batch_member
    where stream = %s and (seq, chunk) > (%s, %s) and (seq, chunk) <= (%s, %s)
"""
FORGET_CHUNKS: Final = FORGET_MEMBERS.replace("batch_member", "batch_chunk")

Place = tuple[int, int]
"""(seq, chunk)."""


def count_forgettable(connection: Pg) -> int:
    """How many batches may go."""
    (found,) = connection.execute(COUNT, {"days": KEEP_DAYS}).fetchone() or (0,)
    return int(found)


def forget_published(connection: Pg) -> int:
    """Delete them in short transactions; how many batches went. Doing it again finds nothing."""
    batches = 0
    for stream, last in connection.execute(LAST, {"days": KEEP_DAYS}).fetchall():
        batches += _forget_batches(connection, stream, last)
    for stream, oldest in connection.execute(OLDEST).fetchall():
        _forget_members(connection, stream, oldest)
    return batches


def _forget_batches(connection: Pg, stream: str, last: int) -> int:
    at = gone = 0
    while True:
        with connection.transaction():
            (bound,) = connection.execute(HOLD, [stream]).fetchone() or (0,)
            some = [stream, at, min(last, bound - 1), BATCHES_AT_ONCE]
            (upto,) = connection.execute(SOME, some).fetchone() or (None,)
            if upto is None:
                return gone
            gone += connection.execute(FORGET_BATCHES, [stream, at, upto]).rowcount
        at = upto


def _forget_members(connection: Pg, stream: str, oldest: int) -> None:
    at: Place = (0, 0)
    while True:
        chunks = connection.execute(CHUNKS, [stream, *at, oldest]).fetchall()
        if not chunks:
            return
        for upto in ranges(chunks):
            with connection.transaction():
                for statement in (FORGET_MEMBERS, FORGET_CHUNKS):
                    connection.execute(statement, [stream, *at, *upto])
            at = upto


def ranges(chunks: list[tuple[int, int, int]]) -> Iterator[Place]:
    """The last (seq, chunk) of each range of chunks that may be deleted at once."""
    members = 0
    for here, (seq, chunk, n) in enumerate(chunks):
        members += n
        if here + 1 == len(chunks) or members + chunks[here + 1][2] > MEMBERS_AT_ONCE:
            yield seq, chunk
            members = 0
