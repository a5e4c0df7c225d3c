"""Dead letters for tests, as a stream or a collector would leave them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from weir.kafka.dead_letters import DeadLetter
from weir.kafka.record import Message


def letter(topic: str, offset: int | None = 0, **changes: Any) -> DeadLetter:
    """One refused record of partition 0."""
    made: dict[str, Any] = {
        "topic": topic,
        "refused_by": "counts.counts",
        "reason": "missing id",
        "partition": None if offset is None else 0,
        "offset": offset,
        "key": b"k",
        "value": b"%d" % (offset or 0),
        "headers": (("id", b"1"), ("none", None)),
    }
    return DeadLetter(**made | changes)


def refused(message: Message, reason: str) -> DeadLetter:
    """What a stream makes of a message that it cannot use."""
    return DeadLetter(
        topic=message.topic,
        refused_by="promo_join.campaigns",
        reason=reason,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=message.headers,
    )


def carried(messages: Iterable[Any]) -> list[tuple[str, bytes | None, bytes | None, Any]]:
    """Topic, key, value and headers of records or messages, without the redrive's own header."""
    return [
        (m.topic, m.key, m.value, tuple(h for h in m.headers if h[0] != "weir-redrive"))
        for m in messages
    ]
