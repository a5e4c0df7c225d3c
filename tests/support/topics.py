"""A fresh topic per test, so that no test sees another one's records."""

from __future__ import annotations

import uuid

from confluent_kafka.admin import NewTopic

from weir.kafka.client import admin_client
from weir.settings import Settings


def fresh_topic(settings: Settings, partitions: int = 1, **config: str) -> str:
    """Create a topic with a new name and return the name. Underscores in `config` mean dots."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    create_topic(settings, name, partitions, **config)
    return name


def create_topic(settings: Settings, name: str, partitions: int = 1, **config: str) -> None:
    """Create the named topic and wait until it is there."""
    admin = admin_client(settings)
    topic = NewTopic(
        name,
        num_partitions=partitions,
        replication_factor=settings.kafka_brokers,
        config={key.replace("_", "."): value for key, value in config.items()},
    )
    admin.create_topics([topic])[name].result(timeout=30)
