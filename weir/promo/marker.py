"""How far a stream has published: the marker in its progress topic, compared with the ledger.

The marker is written in the same Kafka transaction as the notifications, so it is exact. It is
believed only while it belongs to this ledger; else a person decides, because both mistakes are
grave: publishing history again, and leaving out what nobody got.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, NoReturn

from weir.errors import ContractError
from weir.kafka.identity import TopicIdentity
from weir.ops.lease import Pg

KNOWN: Final = (
    "select cluster_id, topic_id, assume_published, assume_chunk"
    " from ops.publication where stream = %s"
)
NEWEST: Final = "select coalesce(max(seq), 0) from ops.batch_ledger where stream = %s"
DIGEST: Final = "select digest from promo.batch_chunk where stream = %s and seq = %s and chunk = %s"
OLDEST: Final = "select coalesce(min(seq), 0) from ops.batch_ledger where stream = %s"
CHUNKS: Final = "select chunks from ops.batch_ledger where stream = %s and seq = %s"
REMEMBER: Final = """
    insert into ops.publication (stream, cluster_id, topic_id) values (%s, %s, %s)
    on conflict (stream) do update set cluster_id = excluded.cluster_id,
      topic_id = excluded.topic_id, assume_published = null, assume_chunk = null,
      ordered_by = null
"""
NOTE: Final = """
    update ops.publication p
    set published_seq = %(seq)s, published_chunk = %(chunk)s, published_at = clock_timestamp(),
        delay_seconds = (select extract(epoch from clock_timestamp() - sealed_at)
                         from ops.batch_ledger where stream = %(stream)s and seq = %(seq)s)
    where stream = %(stream)s
"""
ORDER: Final = """
    insert into ops.publication
      (stream, cluster_id, topic_id, assume_published, assume_chunk, ordered_by)
    values (%(stream)s, '', '', %(seq)s, %(chunk)s, %(who)s)
    on conflict (stream) do update set assume_published = excluded.assume_published,
      assume_chunk = excluded.assume_chunk, ordered_by = excluded.ordered_by
"""


@dataclass(frozen=True, kw_only=True)
class Marker:
    """The last chunk that was published; `seq` 0: nothing yet."""

    seq: int
    chunk: int = 0
    chunks: int = 0
    generation: int = 0
    batch_id: int = -1
    epoch: int = 0
    n: int = 0
    digest: str = ""

    def as_cursor(self) -> dict[str, Any]:
        """The record's fields."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What PostgreSQL knows of a stream's publishing. `digest` is that of the marker's chunk."""

    newest: int
    identity: TopicIdentity | None
    digest: str | None = None


def judge_marker(stream: str, marker: Marker | None, here: TopicIdentity, ledger: Ledger) -> Marker:
    """Where to go on. Raises ContractError when marker and ledger do not belong together."""
    if ledger.newest and ledger.identity is not None and ledger.identity != here:
        _refuse(stream, "the progress topic is another one than before", ledger)
    if marker is None:
        if ledger.newest:
            _refuse(stream, "the progress topic is empty, the ledger is not", ledger)
        return Marker(seq=0)
    if marker.seq > ledger.newest:
        _refuse(stream, f"the progress topic is at {marker.seq}, ahead of the ledger", ledger)
    if marker.digest and marker.digest != ledger.digest:
        _refuse(stream, f"batch {marker.seq} in the progress topic is another one", ledger)
    return marker


def fetch_ledger(
    connection: Pg, stream: str, marker: Marker | None
) -> tuple[Ledger, tuple[int, int | None] | None]:
    """What the judgement needs, and the (seq, chunk) a person ordered to take as published."""
    known = connection.execute(KNOWN, [stream]).fetchone()
    (newest,) = connection.execute(NEWEST, [stream]).fetchone() or (0,)
    digest = None
    if marker is not None:
        found = connection.execute(DIGEST, [stream, marker.seq, marker.chunk]).fetchone()
        digest = found[0] if found else None
    identity = TopicIdentity(known[0], known[1]) if known and known[0] else None
    ordered = None if known is None or known[2] is None else (known[2], known[3])
    return Ledger(newest=newest, identity=identity, digest=digest), ordered


def assumed_marker(connection: Pg, stream: str, seq: int, chunk: int | None = None) -> Marker:
    """Batch `seq` counts as published up to `chunk` (None: all of it), nothing after it."""
    found = connection.execute(CHUNKS, [stream, seq]).fetchone()
    chunks = found[0] if found else 0
    published = chunks if chunk is None else chunk
    return Marker(seq=seq, chunk=published, chunks=chunks)


def remember(connection: Pg, stream: str, identity: TopicIdentity) -> None:
    """From now on the marker is expected in this topic; an order is carried out."""
    connection.execute(REMEMBER, [stream, identity.cluster_id, identity.topic_id])


def note_published(connection: Pg, stream: str, marker: Marker) -> None:
    """Copy the marker to where people and metrics look. Nothing is decided by the copy."""
    connection.execute(NOTE, {"stream": stream, "seq": marker.seq, "chunk": marker.chunk})


def order_published(connection: Pg, stream: str, seq: int, chunk: int | None, who: str) -> None:
    """A person's word: the next start takes all up to it as published, the rest not."""
    connection.execute(ORDER, {"stream": stream, "seq": seq, "chunk": chunk, "who": who})


def _refuse(stream: str, what: str, ledger: Ledger) -> NoReturn:
    raise ContractError(
        f"{stream}: {what}; sealed batches end at {ledger.newest}",
        f"look at what readers got, then either: weir streams start {stream}"
        f" --assume-published SEQ[/CHUNK] (so far they have it), or: weir streams start {stream}"
        " --republish-from SEQ[/CHUNK] (from there on they get it again)",
    )
