"""`ops.query_offset`: how far each query has counted, moved in the transaction of the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from psycopg.types.json import Jsonb

from weir.errors import ContractError
from weir.ops.lease import Pg

Partitions = Mapping[int, int]
Ranges = Mapping[str, Mapping[int, tuple[int, int]]]
"""topic -> partition -> (first offset, next offset) of a batch."""
Part = TypeVar("Part", int, tuple[str, int])
"""A partition of one topic, or (topic, partition) where a query reads several topics."""


class Verdict(StrEnum):
    """What to do with a planned batch."""

    COUNT = "count"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose offsets: one row set of the ledger."""

    stream: str
    query: str
    topic: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One finished batch, for people and alerts."""

    epoch: int
    batch_id: int
    rows: int
    refused: int
    duration_ms: int
    event_time_min: datetime | None
    event_time_max: datetime | None
    probe_ms: int | None = None


def judge_range(
    ledger: Mapping[Part, int], before: Mapping[Part, int], after: Mapping[Part, int]
) -> Verdict:
    """COUNT when the batch begins where the ledger stands, SKIP when it is wholly below.

    Anything else would lose or double messages: ContractError that names the partitions.
    """
    if dict(ledger) == dict(before):
        return Verdict.COUNT
    if ledger.keys() == after.keys() and all(after[p] <= ledger[p] for p in after):
        return Verdict.SKIP
    wrong = {
        p: f"batch {before.get(p)}..{after.get(p)}, ledger {ledger.get(p)}"
        for p in sorted(ledger.keys() | after.keys())
        if ledger.get(p) != before.get(p)
    }
    raise ContractError(
        f"the batch does not begin where the ledger stands: {wrong}",
        "start the stream again: it sets the checkpoint aside and follows the ledger",
    )


def with_new_partitions(ledger: Mapping[Part, int], before: Mapping[Part, int]) -> dict[Part, int]:
    """The ledger, and 0 for each partition that the topic gained since: a batch begins it at 0."""
    return {part: 0 for part, begin in before.items() if begin == 0} | dict(ledger)


def fetch_offsets(connection: Pg, place: Place) -> dict[int, int]:
    """Partition -> next offset; empty before the first start."""
    rows = connection.execute(
        "select partition, next_offset from ops.query_offset"
        " where stream = %s and query = %s and topic = %s",
        [place.stream, place.query, place.topic],
    ).fetchall()
    return {partition: next_offset for partition, next_offset in rows}


def begin_offsets(connection: Pg, place: Place, first: Partitions) -> dict[int, int]:
    """Give each partition that the ledger does not know its first offset; the whole ledger."""
    with connection.transaction():
        for partition, offset in sorted(first.items()):
            connection.execute(
                "insert into ops.query_offset (stream, query, topic, partition, next_offset)"
                " values (%s, %s, %s, %s, %s) on conflict do nothing",
                [place.stream, place.query, place.topic, partition, offset],
            )
    return fetch_offsets(connection, place)


def refuse_loss(place: Place, stands: Partitions, first: Partitions) -> None:
    """Raises ContractError if Kafka has deleted offsets that are not counted: a person decides."""
    lost = {p: f"{stands[p]}..{first[p] - 1}" for p in sorted(first) if stands[p] < first[p]}
    if lost:
        raise ContractError(
            f"Kafka deleted offsets of {place.topic} before they were counted: {lost}",
            "docs/health.md says how to accept the loss, and how to bring back what the source has",
        )


def move_offsets(connection: Pg, place: Place, after: Partitions) -> None:
    """Counted up to `after`; part of the transaction that stores the counts."""
    for partition, offset in sorted(after.items()):
        connection.execute(
            "insert into ops.query_offset (stream, query, topic, partition, next_offset)"
            " values (%s, %s, %s, %s, %s) on conflict (stream, query, topic, partition)"
            " do update set next_offset = excluded.next_offset, updated_at = clock_timestamp()",
            [place.stream, place.query, place.topic, partition, offset],
        )


def note_progress(connection: Pg, stream: str, query: str, done: Progress, offsets: Ranges) -> None:
    """One row for the batch; part of the same transaction."""
    connection.execute(
        "insert into ops.stream_progress (stream, query, epoch, batch_id, rows, refused,"
        " duration_ms, offsets, event_time_min, event_time_max, probe_ms)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(stream, query, done.epoch, done.batch_id, done.rows, done.refused),
            *(done.duration_ms, Jsonb(written(offsets)), done.event_time_min, done.event_time_max),
            done.probe_ms,
        ],
    )


def written(offsets: Ranges) -> dict[str, dict[str, list[int]]]:
    """The ranges as they stand in a column of offsets."""
    return {
        t: {str(p): list(span) for p, span in sorted(parts.items())} for t, parts in offsets.items()
    }


def forget_old_progress(connection: Pg, stream: str) -> None:
    """Keep a week of progress rows."""
    connection.execute(
        "delete from ops.stream_progress where stream = %s"
        " and ended_at < clock_timestamp() - interval '7 days'",
        [stream],
    )
