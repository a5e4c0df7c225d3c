"""Publishing where every message is confirmed, or the call fails."""

from __future__ import annotations

from typing import Final, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from weir.errors import PublishError
from weir.kafka.client import LastError, kafka_options, reason_of
from weir.kafka.diagnose import describe_trouble
from weir.kafka.enqueue import enqueue
from weir.kafka.record import Headers, Record
from weir.settings import Settings

MAX_REQUEST_BYTES: Final = 12_582_912
"""Largest message any topic takes (dead letters); each topic sets its own, smaller limit."""

# acks=all is implied by idempotence. A batch stays below the smallest max.message.bytes of a
# topic (1 MB), so that a broker never refuses small messages because of their neighbours.
PUBLISHING: Final = {
    "enable.idempotence": True,
    "compression.type": "lz4",
    "partitioner": "murmur2_random",  # Java's and Spark's: one key, one partition, whoever writes
    "linger.ms": 5,
    "batch.size": 262_144,
    "message.max.bytes": MAX_REQUEST_BYTES,
    "queue.buffering.max.messages": 50_000,
    "queue.buffering.max.kbytes": 65_536,
}


class Publisher(Protocol):
    """What a source needs of Kafka. `weir.kafka.memory` has the same without a broker."""

    confirmed: int

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        timestamp_ms: int | None = None,
    ) -> None:
        """Queue one message. Raises PublishError as soon as any earlier one has failed."""

    def flush(self) -> int:
        """Wait until all messages sent since the last flush are confirmed; return their number."""


class ConfirmedProducer:
    """Idempotent, acks=all, bounded memory (50,000 messages or 64 MB wait at most).

    Under a crash: at least once; what was sent after the last `flush` may or may not be there.
    After a PublishError the object is unusable: some message is missing and order is broken.
    """

    def __init__(self, settings: Settings, *, delivery_seconds: float = 30.0) -> None:
        self.confirmed = 0
        self._settings = settings
        self._delivery_seconds = delivery_seconds
        self._sent_since_flush = 0
        self._confirmed_at_flush = 0
        self._refused: tuple[str, str] | None = None  # topic and reason of the first
        self._last_error = LastError()
        options = kafka_options(settings, error_cb=self._last_error) | PUBLISHING
        self._producer = Producer(options | {"message.timeout.ms": int(delivery_seconds * 1000)})

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        timestamp_ms: int | None = None,
    ) -> None:
        """Queue one message; waits while the queue is full. Raises PublishError."""
        self._raise_failure()
        record = Record(
            topic=topic, value=value, key=key, headers=headers, timestamp_ms=timestamp_ms
        )
        try:
            enqueue(self._producer, record, self._on_delivery)
        except KafkaException as error:
            self._refused = self._refused or (topic, reason_of(error) + _named(key))
            self._raise_failure()
        self._sent_since_flush += 1

    def flush(self) -> int:
        """Wait until every message is confirmed; return how many since the last flush."""
        # Each message ends within delivery_seconds, confirmed or refused; the rest is margin.
        waiting = self._producer.flush(self._delivery_seconds + 5.0)
        self._raise_failure()
        confirmed = self.confirmed - self._confirmed_at_flush
        if waiting or confirmed != self._sent_since_flush:
            self._refused = ("", f"{self._sent_since_flush - confirmed} messages without an answer")
            self._raise_failure()
        self._sent_since_flush, self._confirmed_at_flush = 0, self.confirmed
        return confirmed

    def _on_delivery(self, error: KafkaError | None, message: KafkaMessage) -> None:
        if error is None:
            self.confirmed += 1
        elif self._refused is None:
            self._refused = (message.topic() or "", error.str() + _named(message.key()))

    def _raise_failure(self) -> None:
        if self._refused is not None:
            topic, reason = self._refused
            raise not_confirmed(self._settings, topic, reason, self._last_error)


def _named(key: bytes | str | None) -> str:
    """The first message that was not taken, by its key: a person looks for it by that."""
    if not key:
        return ""
    text = key if isinstance(key, str) else key.decode(errors="replace")
    return f", first of all {text[:100]!r}"


def not_confirmed(
    settings: Settings, topic: str, reason: str, last_error: LastError
) -> PublishError:
    """The error of a message that Kafka did not take, with what the brokers look like now."""
    detail = f"{reason} ({last_error.text})" if last_error.text else reason
    where = f"to {topic} " if topic else ""
    return PublishError(
        f"publishing {where}failed: {detail}; {describe_trouble(settings, topic)}",
        "nothing unconfirmed counts as sent; weir status, weir logs kafka, then start again",
    )
