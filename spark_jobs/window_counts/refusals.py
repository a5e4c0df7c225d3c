"""Dead letters of a batch: the refused messages read again, with their original bytes.

Spark says which (coordinates and reason); a plain consumer fetches just their ranges, in
chunks, so that a batch full of refusals needs no memory for their content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final

from weir.errors import ContractError
from weir.kafka.dead_letters import DeadLetter, dlq_record, store
from weir.kafka.producer import Publisher
from weir.kafka.record import Message
from weir.ops.lease import Pg

Coordinates = Mapping[tuple[int, int], str]  # (partition, offset) -> reason
ReadRange = Callable[[Mapping[int, int], Mapping[int, int]], Iterator[Message]]

CHUNK: Final = 500


def letters(
    topic: str,
    refused: Coordinates,
    refused_by: str,
    read_range: ReadRange,
    incarnation: str = "",
) -> Iterator[DeadLetter]:
    """One letter per refused message. Raises ContractError if one is no longer in the topic."""
    start: dict[int, int] = {}
    end: dict[int, int] = {}
    for partition, offset in refused:
        start[partition] = min(offset, start.get(partition, offset))
        end[partition] = max(offset + 1, end.get(partition, 0))
    found = 0
    for message in read_range(start, end):
        reason = refused.get((message.partition, message.offset))
        if reason is None:
            continue
        found += 1
        yield DeadLetter(
            topic=topic,
            refused_by=refused_by,
            reason=reason,
            value=message.value,
            key=message.key,
            partition=message.partition,
            offset=message.offset,
            headers=message.headers,
            incarnation=incarnation,
        )
    if found != len(refused):
        raise ContractError(
            f"{len(refused) - found} refused messages of {topic} are gone before they were kept",
            "raise the topic's retention, then: weir streams start",
        )


def keep(connection: Pg, publisher: Publisher, found: Iterator[DeadLetter]) -> None:
    """Rows into the caller's transaction (once), records into `<topic>.dlq` (at least once)."""
    while chunk := list(islice(found, CHUNK)):
        for letter in chunk:
            record = dlq_record(letter)
            publisher.send(record.topic, record.value, key=record.key, headers=record.headers)
        store(connection, chunk)
        publisher.flush()
