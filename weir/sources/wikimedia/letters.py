"""Dead letters that a killed collector had published but not yet written to the table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from weir.clock import utc_now
from weir.kafka.dead_letters import DeadLetter
from weir.kafka.declared import dlq_of
from weir.kafka.reader import read_since
from weir.kafka.record import Message
from weir.settings import Settings
from weir.sources.wikimedia.intake import SOURCE

LOOK_BACK = timedelta(hours=24)


def published_letters(settings: Settings, topic: str) -> Iterator[DeadLetter]:
    """This collector's letters of the last day; storing them twice equals storing them once."""
    since_ms = int((utc_now() - LOOK_BACK).timestamp() * 1000)
    for message in read_since(settings, dlq_of(topic), since_ms):
        letter = letter_of(message, topic)
        if letter is not None:
            yield letter


def letter_of(message: Message, topic: str) -> DeadLetter | None:
    """The letter of a dead-letter record; None if it is another's, or was cut (other SHA-256)."""
    headers = dict(message.headers)
    if headers.get("weir-source") != SOURCE.encode() or "weir-value-sha256" in headers:
        return None
    return DeadLetter(
        topic=topic,
        refused_by=SOURCE,
        reason=(headers.get("weir-reason") or b"").decode("utf-8", "replace"),
        value=message.value,
        source=SOURCE,
        headers=tuple((n, v) for n, v in message.headers if not n.startswith("weir-")),
    )
