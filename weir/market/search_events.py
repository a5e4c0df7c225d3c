"""A search as an event in `client-searches`. An answer never waits for it.

At most once: an event that Kafka does not take in time is counted as lost and written nowhere
else; the counts in `market.search_hour` do not depend on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as KafkaMessage

from weir.contracts.search_event import (
    MAX_CHARS,
    MAX_PRODUCTS,
    SearchEvent,
    search_json,
    search_key,
)
from weir.kafka.client import SILENT, LastError, kafka_options
from weir.kafka.producer import PUBLISHING
from weir.market.search_answer import Answer
from weir.market.search_request import Question
from weir.settings import Settings

TOPIC: Final = "client-searches"
MOST_WAITING: Final = 1_000
WORTH_SENDING_SECONDS: Final = 10.0


def event_of(question: Question, answer: Answer, user: str | None, now_ms: int) -> SearchEvent:
    """The event of one answered question. Which products were shown, and in which order, counts."""
    category = question.category
    return SearchEvent(
        search_id=str(uuid4()),
        query=question.query,
        searched_at_ms=now_ms,
        user=user if user and user.strip() else None,
        category=category[:MAX_CHARS] if category and category.strip() else None,
        max_price=question.max_price,
        found=answer.found,
        products=tuple(hit.product_id for hit in answer.hits[:MAX_PRODUCTS]),
    )


class SearchEvents:
    """Sends events in the background; safe to use from many threads."""

    def __init__(
        self, settings: Settings, told: Callable[[str], None] = lambda outcome: None
    ) -> None:
        """`told` hears `sent` or `lost` for each event, in whatever thread learns of it."""
        self._settings = settings
        self._told = told
        self._producer: Any = None
        self._lock = threading.Lock()
        self.trouble = LastError()

    def offer(self, event: SearchEvent) -> None:
        """Queue the event and return at once; a full queue loses it."""
        producer = self._started()
        try:
            producer.produce(
                TOPIC, value=search_json(event), key=search_key(event), on_delivery=self._delivered
            )
        except BufferError:
            self._told("lost")
        producer.poll(0)

    def finish(self, within_seconds: float) -> int:
        """Wait for what is queued; return how many events are still without an answer."""
        return 0 if self._producer is None else int(self._producer.flush(within_seconds))

    def _started(self) -> Any:
        with self._lock:  # a process that never searches opens no connection
            if self._producer is None:
                options = kafka_options(self._settings, error_cb=self.trouble) | PUBLISHING
                self._producer = Producer(
                    options
                    | {
                        "queue.buffering.max.messages": MOST_WAITING,
                        "message.timeout.ms": int(WORTH_SENDING_SECONDS * 1000),
                        "logger": SILENT,
                    }
                )
            return self._producer

    def _delivered(self, error: KafkaError | None, _: KafkaMessage) -> None:
        self._told("lost" if error else "sent")
