"""`ops.redrive_batch` and `ops.redrive`: PostgreSQL decides what is sent, before it is sent."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from weir.errors import Unavailable
from weir.kafka.record import Headers, Record
from weir.kafka.redrive_header import Redriven, with_redrive
from weir.ops.audit import note_deed
from weir.ops.lease import Pg

LOCK: Final = "weir dlq redrive"
READ: Final = """
    select d.topic, d.key, d.value, d.headers, d.dedupe_key, d.attempts
    from ops.redrive r join ops.dead_letter d using (dedupe_key)
    where r.seq = %s order by d.topic, d.partition, d."offset"
"""


def lock_redrive(connection: Pg, publisher: str) -> None:
    """One redrive at a time, until this connection ends. Raises Unavailable."""
    row = connection.execute(
        "select pg_try_advisory_lock(hashtextextended(%s, 0))", [f"{LOCK} {publisher}"]
    ).fetchone()
    if row is None or not row[0]:
        raise Unavailable("another redrive is at work", "try again when it has ended")


def last_sealed(connection: Pg, publisher: str) -> int:
    """The newest decided transaction; 0 before the first."""
    row = connection.execute(
        "select coalesce(max(seq), 0) from ops.redrive_batch where publisher = %s", [publisher]
    ).fetchone()
    assert row is not None
    return int(row[0])


def sealed_after(connection: Pg, publisher: str, seq: int) -> list[int]:
    """Decided transactions with a greater number, in order."""
    rows = connection.execute(
        "select seq from ops.redrive_batch where publisher = %s and seq > %s order by seq",
        [publisher, seq],
    ).fetchall()
    return [number for (number,) in rows]


def seal(
    connection: Pg, publisher: str, dedupe_keys: Sequence[str], *, asked_by: str, via: str
) -> int | None:
    """Decide that these letters are sent, in one transaction; its number, None if all were."""
    with connection.transaction():
        row = connection.execute(
            "insert into ops.redrive_batch (publisher, asked_by, letters) values (%s, %s, 0)"
            " returning seq",
            [publisher, asked_by],
        ).fetchone()
        assert row is not None
        (seq,) = row
        # A letter that housekeeping removed meanwhile is left out.
        letters = connection.execute(
            "insert into ops.redrive (dedupe_key, seq)"
            " select dedupe_key, %s from ops.dead_letter where dedupe_key = any(%s) for share"
            " on conflict do nothing",
            [seq, list(dedupe_keys)],
        ).rowcount
        connection.execute(
            "update ops.redrive_batch set letters = %s where seq = %s", [letters, seq]
        )
        note_deed(
            connection,
            who=asked_by,
            via=via,
            action="dlq.redrive",
            subject=publisher,
            seq=seq,
            letters=letters,
        )
    return int(seq) if letters else None


def release(
    connection: Pg,
    publisher: str,
    seq: int,
    dedupe_keys: Sequence[str],
    *,
    asked_by: str,
    via: str,
) -> None:
    """Take back that these letters are sent. Only of a transaction that was surely not published.

    A later redrive may send them, when they can be.
    """
    with connection.transaction():
        connection.execute(
            "delete from ops.redrive where seq = %s and dedupe_key = any(%s)",
            [seq, list(dedupe_keys)],
        )
        connection.execute(
            "update ops.redrive_batch set letters = letters - %s where seq = %s",
            [len(dedupe_keys), seq],
        )
        note_deed(
            connection,
            who=asked_by,
            via=via,
            action="dlq.release",
            subject=publisher,
            seq=seq,
            dead_letters=list(dedupe_keys),
        )


def read_sealed(connection: Pg, seq: int) -> list[tuple[str, Record]]:
    """What a decided transaction sends, and the letter of each: original topic, key, bytes and
    headers, and ours."""
    records = []
    for topic, key, value, stored, dedupe_key, attempts in connection.execute(READ, [seq]):
        redriven = Redriven(dedupe_key=dedupe_key, attempts=attempts)
        headers = with_redrive(_headers(stored), redriven)
        record = Record(topic=topic, key=key, value=value, headers=headers)
        records.append((dedupe_key, record))
    return records


def _headers(stored: Sequence[tuple[str, str | None]]) -> Headers:
    return tuple(
        (name, None if value is None else base64.b64decode(value)) for name, value in stored
    )
