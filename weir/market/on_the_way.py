"""Which products the filter has spoken of that the catalogue has not read yet."""

from __future__ import annotations

from typing import Final

from weir.kafka.offsets import first_offsets
from weir.kafka.reader import read_range
from weir.market.settle import Ends
from weir.settings import Settings

MAX_MESSAGES: Final = 50_000
"""More would take longer than a second: the filter does nothing else meanwhile."""


def products_on_their_way(settings: Settings, stands: Ends, ends: Ends) -> set[str] | None:
    """The products of all messages from `stands` up to `ends`; None when they cannot be told.

    That is: too many, some deleted by Kafka, or a partition of which the catalogue knows nothing.
    Raises Unavailable.
    """
    behind = {
        topic: {p: end for p, end in partitions.items() if stands[topic].get(p, 0) < end}
        for topic, partitions in ends.items()
    }
    if any(p not in stands[topic] for topic, partitions in behind.items() for p in partitions):
        return None
    ranges = [(stands[t][p], end) for t, parts in behind.items() for p, end in parts.items()]
    if sum(end - stand for stand, end in ranges) > MAX_MESSAGES:
        return None
    found: set[str] = set()
    for topic, partitions in behind.items():
        if not partitions:
            continue
        start = {partition: stands[topic][partition] for partition in partitions}
        kept = first_offsets(settings, topic)
        if any(offset < kept[partition] for partition, offset in start.items()):
            return None
        messages = read_range(settings, topic, start, partitions)
        found |= {
            message.key.decode(errors="replace") for message in messages if message.key is not None
        }
    return found
