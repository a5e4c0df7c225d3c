"""Put a record into librdkafka's bounded queue, waiting for room instead of growing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as KafkaMessage

from weir.kafka.record import Record

OnDelivery = Callable[[KafkaError | None, KafkaMessage], None]


def enqueue(producer: Producer, record: Record, on_delivery: OnDelivery) -> None:
    """Queue one record. Raises KafkaException when it is refused before it is sent.

    A full queue empties at the latest when its messages time out, so the wait has an end.
    """
    while True:
        try:
            producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=cast(Any, list(record.headers)) or None,
                timestamp=record.timestamp_ms or 0,
                on_delivery=on_delivery,
            )
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return
