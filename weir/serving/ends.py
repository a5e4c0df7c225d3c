"""Where topics end, for readers of committed messages. One client, asked again and again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from weir.kafka.client import admin_client, reason_of, unavailable
from weir.settings import Settings
from weir.store.wikimedia_counts import Offsets

ANSWER_SECONDS: Final = 2.0


class TopicEnds:
    """Fetches ends. A topic that does not exist is left out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = admin_client(settings)
        self._partitions: dict[str, list[int]] = {}

    def fetch(self, topics: Iterable[str]) -> Offsets:
        """Per topic and partition the last stable offset. Raises Unavailable."""
        try:
            asked: dict[TopicPartition, OffsetSpec] = {
                TopicPartition(topic, partition): OffsetSpec.latest()
                for topic in topics
                for partition in self._partitions_of(topic)
            }
            ends: Offsets = {}
            if not asked:
                return ends
            futures = self._admin.list_offsets(
                asked,
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=ANSWER_SECONDS,
            )
            for place, future in futures.items():
                answer: Any = future.result()  # it declares no attributes to type checkers
                ends.setdefault(place.topic, {})[place.partition] = int(answer.offset)
        except KafkaException as error:
            self._partitions = {}
            raise unavailable(self._settings, reason_of(error)) from error
        return ends

    def _partitions_of(self, topic: str) -> list[int]:
        if topic not in self._partitions:
            known = self._admin.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
            if known.error is not None or not known.partitions:
                return []
            self._partitions[topic] = sorted(known.partitions)
        return self._partitions[topic]
