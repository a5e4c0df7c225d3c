"""A record on its way into Kafka and a message that came out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]

PROBE_PREFIX = b"weir.probe:"
"""How the key of a probe begins: a message that streams time and nobody counts."""

# Kafka's record batch header, and the widest lengths, deltas and attributes of one record.
BATCH_OVERHEAD_BYTES = 61
RECORD_OVERHEAD_BYTES = 36
HEADER_OVERHEAD_BYTES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One record to publish. `timestamp_ms` is unix milliseconds; None means now."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    timestamp_ms: int | None = None


class Message(NamedTuple):
    """One record read from Kafka. `timestamp_ms` is what its producer set (CreateTime)."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int | None


def is_probe(key: bytes | None) -> bool:
    """Whether a record with this key only measures the way of the others."""
    return key is not None and key.startswith(PROBE_PREFIX)


def size_in_bytes(record: Record) -> int:
    """Upper bound of the record's uncompressed size as a batch of its own.

    This is what max.message.bytes limits, so a record that fits by it is never refused.
    """
    headers = sum(
        len(name.encode()) + len(value or b"") + HEADER_OVERHEAD_BYTES
        for name, value in record.headers
    )
    payload = len(record.key or b"") + len(record.value or b"") + headers
    return payload + BATCH_OVERHEAD_BYTES + RECORD_OVERHEAD_BYTES
