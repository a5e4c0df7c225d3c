"""Dead letters of a batch: the refused messages read again, with their original bytes.

A job says which (coordinates and reason); a plain consumer fetches just their ranges, one message
at a time, so that a batch full of refusals needs no memory for their content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from weir.errors import ContractError
from weir.kafka.dead_letters import DeadLetter, dlq_record
from weir.kafka.producer import Publisher
from weir.kafka.record import Message

Coordinates = Mapping[tuple[int, int], str]  # (partition, offset) -> reason
ReadRange = Callable[[Mapping[int, int], Mapping[int, int]], Iterator[Message]]


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


def sent(publisher: Callable[[], Publisher], found: Iterable[DeadLetter]) -> Iterator[DeadLetter]:
    """Each letter after its record was sent to `<topic>.dlq`: at least once, all of them confirmed
    when the iterator ends. Without letters no publisher is asked for."""
    sending = None
    for letter in found:
        sending = sending or publisher()
        record = dlq_record(letter)
        sending.send(record.topic, record.value, key=record.key, headers=record.headers)
        yield letter
    if sending is not None:
        sending.flush()
