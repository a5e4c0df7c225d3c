"""A reader of the notifications that goes on through every fault, as their receiver would."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from weir.kafka.client import kafka_options
from weir.settings import Settings


class ConcurrentReader:
    """Reads all partitions with `read_committed` from the beginning, in a thread of its own."""

    def __init__(self, settings: Settings, topic: str, partitions: int) -> None:
        self.times: Counter[str] = Counter()  # notification_id -> how often it was read
        self.fields: dict[str, tuple[Any, ...]] = {}
        self.failure: BaseException | None = None
        self._end = threading.Event()
        self._options = {
            **kafka_options(settings),
            "group.id": f"reader-of-{topic}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "reconnect.backoff.max.ms": 1000,
        }
        self._places = [TopicPartition(topic, n, OFFSET_BEGINNING) for n in range(partitions)]
        self._thread = threading.Thread(target=self._run, name=f"reader of {topic}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stop reading; raises what ended the thread before."""
        self._end.set()
        self._thread.join(30)
        if self.failure is not None:
            raise self.failure

    def count(self) -> int:
        """Different notifications read so far."""
        return len(self.fields)

    def doubled(self) -> dict[str, int]:
        """Those that were read more than once."""
        return {name: times for name, times in self.times.items() if times > 1}

    def _run(self) -> None:
        try:
            consumer = Consumer(self._options)
            consumer.assign(self._places)
            while not self._end.is_set():
                for message in consumer.consume(1000, 0.1):
                    if message.error() is None:  # a broker that is away comes back
                        self._keep(message)
            consumer.close()
        except BaseException as error:
            self.failure = error
            raise

    def _keep(self, message: Any) -> None:
        name = dict(message.headers())["notification_id"].decode()
        self.times[name] += 1
        self.fields[name] = tuple(json.loads(message.value()).values())


@contextmanager
def concurrent_reader(
    settings: Settings, topic: str, partitions: int
) -> Iterator[ConcurrentReader]:
    """Reading from now until the end of the block, whatever happens in between."""
    reader = ConcurrentReader(settings, topic, partitions)
    reader.start()
    try:
        yield reader
    finally:
        reader.end()
