"""Reading `ops.dead_letter`: what was refused, how often, and one letter in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from weir.errors import WeirError

COLUMNS: Final = """dedupe_key, topic, partition, "offset", refused_by, reason,
    key, value, value_bytes, value_sha256, headers, first_seen, attempts, redrive_of,
    (select b.sealed_at from ops.redrive r join ops.redrive_batch b using (seq)
     where r.dedupe_key = dead_letter.dedupe_key) as sent_again_at"""
LIST: Final = f"""
    select {COLUMNS.replace(" value,", " substr(value, 1, 200) as value,")}
    from ops.dead_letter
    where (%(topic)s::text is null or topic = %(topic)s)
      and (%(refused_by)s::text is null or refused_by = %(refused_by)s)
      and (%(reason)s::text is null or reason = %(reason)s)
    order by first_seen desc, dedupe_key limit %(limit)s
"""
COUNT: Final = """
    select topic, refused_by, reason, count(*), min(first_seen), max(first_seen)
    from ops.dead_letter
    group by topic, refused_by, reason order by count(*) desc, topic, refused_by, reason
"""


@dataclass(frozen=True, kw_only=True)
class StoredLetter:
    """One row of `ops.dead_letter`; in a list, `value` is its first 200 bytes.

    attempts: how often the message was tried, earlier lives included. redrive_of: the letter that
    it was before it was sent again.
    """

    dedupe_key: str
    topic: str
    partition: int | None
    offset: int | None
    refused_by: str
    reason: str
    key: bytes | None
    value: bytes | None
    value_bytes: int | None
    value_sha256: str
    headers: list[tuple[str, str | None]]
    first_seen: datetime
    attempts: int
    redrive_of: str | None
    sent_again_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RefusalCount:
    """How many letters share topic, refuser and reason."""

    topic: str
    refused_by: str
    reason: str
    letters: int
    first_seen: datetime
    last_seen: datetime


def list_letters(
    connection: psycopg.Connection[Any],
    *,
    topic: str | None = None,
    refused_by: str | None = None,
    reason: str | None = None,
    limit: int = 50,
) -> list[StoredLetter]:
    """The newest letters first."""
    with connection.cursor(row_factory=class_row(StoredLetter)) as cursor:
        parameters = {"topic": topic, "refused_by": refused_by, "reason": reason}
        return cursor.execute(LIST, parameters | {"limit": limit}).fetchall()


def count_refusals(connection: psycopg.Connection[Any]) -> list[RefusalCount]:
    """All letters, counted by topic, refuser and reason; the most frequent first."""
    return [
        RefusalCount(
            topic=topic,
            refused_by=refused_by,
            reason=reason,
            letters=letters,
            first_seen=first_seen,
            last_seen=last_seen,
        )
        for topic, refused_by, reason, letters, first_seen, last_seen in connection.execute(COUNT)
    ]


def show_letter(connection: psycopg.Connection[Any], dedupe_key: str) -> StoredLetter:
    """One letter with all its kept bytes. Raises WeirError when there is none."""
    with connection.cursor(row_factory=class_row(StoredLetter)) as cursor:
        query = f"select {COLUMNS} from ops.dead_letter where dedupe_key = %s"
        letter = cursor.execute(query, [dedupe_key]).fetchone()
    if letter is None:
        raise WeirError(f"no dead letter has the key {dedupe_key!r}", "weir dlq list")
    return letter
