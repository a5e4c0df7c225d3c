"""Dead letters: records that could not be used, kept with reason, place and original bytes.

A row in `ops.dead_letter` (once, by its dedupe key) and a record in `<topic>.dlq` (at least
once; readers dedupe on the coordinates in its headers).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from weir.kafka.declared import dlq_of
from weir.kafka.producer import MAX_REQUEST_BYTES
from weir.kafka.record import Headers, Record, size_in_bytes
from weir.kafka.redrive_header import read_redrive

MAX_VALUE_BYTES: Final = 10 * 1024 * 1024
"""Longer originals are cut; their full length and SHA-256 are kept."""

CUT_KEY_BYTES: Final = 1024 * 1024
"""So much of a key is kept in `<topic>.dlq` when the record is too large for it."""

STORE_LETTERS: Final = 500
STORE_BYTES: Final = 32 * 1024 * 1024
"""So much waits for one statement."""

REASON_MAX_CHARS: Final = 1000

INSERT: Final = """
    insert into ops.dead_letter (dedupe_key, topic, partition, "offset", refused_by, reason,
                                 key, value, value_bytes, value_sha256, headers,
                                 attempts, redrive_of)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (dedupe_key) do nothing
"""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One refused record: from a topic (partition and offset set), or from a source before Kafka.

    `topic` is where it was read, or would have gone. `refused_by` is `<stream>.<query>` or the
    collector's name; `source` is set exactly when there are no coordinates. `incarnation` is empty
    for the first topic of its name, else the id of this one: it has the same places once more.
    """

    topic: str
    refused_by: str
    reason: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    offset: int | None = None
    source: str | None = None
    headers: Headers = ()
    incarnation: str = ""

    def __post_init__(self) -> None:
        in_topic = self.partition is not None and self.offset is not None
        if in_topic == (self.source is not None):
            raise ValueError("a dead letter has partition and offset, or else a source")

    @property
    def dedupe_key(self) -> str:
        """`topic/partition/offset`, with `@<incarnation>` if it has one; or
        `source:<name>/<sha256>` before Kafka."""
        if self.source is not None:
            return f"source:{self.source}/{self.value_sha256}"
        place = f"{self.topic}/{self.partition}/{self.offset}"
        return f"{place}@{self.incarnation}" if self.incarnation else place

    @property
    def kept_value(self) -> bytes | None:
        """The original bytes, cut at MAX_VALUE_BYTES."""
        return self.value if self.value is None else self.value[:MAX_VALUE_BYTES]

    @property
    def value_bytes(self) -> int | None:
        """Full length of the original; None for a tombstone."""
        return None if self.value is None else len(self.value)

    @cached_property
    def value_sha256(self) -> str:
        """SHA-256 of the full original; a tombstone counts as empty."""
        return hashlib.sha256(self.value or b"").hexdigest()

    @property
    def readable_reason(self) -> str:
        """The reason as PostgreSQL and a header take it: no NUL, no lone surrogate, bounded."""
        return readable(self.reason)[:REASON_MAX_CHARS]


def dlq_record(letter: DeadLetter) -> Record:
    """The record for `<topic>.dlq`: original key, bytes and headers, and our own before them.

    Headers of an earlier refusal (the record was sent again and refused again) are replaced. What
    is larger than any such topic takes loses its headers, then the end of key and value; the table
    keeps more.
    """
    own: dict[str, str] = {
        "weir-reason": letter.readable_reason,
        "weir-topic": letter.topic,
        "weir-refused-by": letter.refused_by,
    }
    if letter.source is None:
        own |= {"weir-partition": str(letter.partition), "weir-offset": str(letter.offset)}
    else:
        own |= {"weir-source": letter.source}
    if letter.incarnation:
        own |= {"weir-incarnation": letter.incarnation}
    headers = tuple((name, text.encode()) for name, text in own.items())
    original = tuple((n, v) for n, v in letter.headers if not n.startswith("weir-"))
    whole = Record(
        topic=dlq_of(letter.topic),
        value=letter.kept_value,
        key=letter.key,
        headers=(*headers, *_cut("value", letter.value, letter.kept_value), *original),
    )
    if size_in_bytes(whole) <= MAX_REQUEST_BYTES:
        return whole
    left_out = (("weir-headers-left-out", b"%d" % len(original)),) if original else ()
    bare = replace(whole, headers=(*headers, *left_out))
    # The room for both, as if both were cut.
    room = MAX_REQUEST_BYTES - size_in_bytes(
        replace(bare, key=None, value=None, headers=(*bare.headers, *CUT_HEADERS))
    )
    key, value = letter.key, letter.kept_value
    if key is not None and len(key) + len(value or b"") > room:
        key = key[: max(CUT_KEY_BYTES, room - len(value or b""))]
    if value is not None:
        value = value[: room - len(key or b"")]
    cut = (*_cut("key", letter.key, key), *_cut("value", letter.value, value))
    return replace(bare, key=key, value=value, headers=(*bare.headers, *cut))


def _cut(name: str, original: bytes | None, kept: bytes | None) -> Headers:
    """The headers that say what was there; none if all of it is kept."""
    if original is None or kept == original:
        return ()
    return (
        (f"weir-{name}-bytes", b"%d" % len(original)),
        (f"weir-{name}-sha256", hashlib.sha256(original).hexdigest().encode()),
    )


CUT_HEADERS: Final[Headers] = tuple(
    (f"weir-{name}-{what}", b"0" * 64) for name in ("key", "value") for what in ("bytes", "sha256")
)
"""As large as those of a record of which key and value are cut."""


def store(
    connection: psycopg.Connection[Any], letters: Iterable[DeadLetter], *, attempts: int = 1
) -> int:
    """Insert each letter once; return how many are new.

    `attempts`: how often each was tried since it was read; earlier lives (sent again, refused
    again) are added. One transaction, or a part of the caller's. Writing twice equals writing
    once. Ordered by the key, so that two writers cannot deadlock.
    """
    rows = [_row(it, attempts) for it in sorted(letters, key=lambda letter: letter.dedupe_key)]
    if not rows:
        return 0
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(INSERT, rows)
        return cursor.rowcount


def store_all(
    connection: psycopg.Connection[Any], letters: Iterable[DeadLetter], *, attempts: int = 1
) -> int:
    """`store` as many as it takes, in bounded memory. Within the caller's transaction."""
    new, some, size = 0, [], 0
    for letter in letters:
        some.append(letter)
        size += len(letter.kept_value or b"") + len(letter.key or b"")
        if len(some) >= STORE_LETTERS or size >= STORE_BYTES:
            new += store(connection, some, attempts=attempts)
            some, size = [], 0
    return new + store(connection, some, attempts=attempts)


def _row(letter: DeadLetter, attempts: int) -> tuple[Any, ...]:
    earlier = read_redrive(letter.headers)
    headers = [
        [readable(name), None if value is None else base64.b64encode(value).decode()]
        for name, value in letter.headers
    ]
    return (
        letter.dedupe_key,
        letter.topic,
        letter.partition,
        letter.offset,
        letter.refused_by,
        letter.readable_reason,
        letter.key,
        letter.kept_value,
        letter.value_bytes,
        letter.value_sha256,
        Jsonb(headers),
        attempts + (earlier.attempts if earlier else 0),
        earlier.dedupe_key if earlier else None,
    )


def readable(text: str) -> str:
    """The text without what PostgreSQL refuses: NUL and lone surrogates are spelled out."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
