"""How large a record a topic takes."""

from __future__ import annotations

from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource, ResourceType

from weir.kafka.client import admin_client, failed
from weir.settings import Settings

ASK_SECONDS: Final = 10.0


def fetch_limit_bytes(settings: Settings, topic: str) -> int:
    """The topic's max.message.bytes as the broker has it.

    Raises Unavailable; SettingError without the topic, or the right to ask (DescribeConfigs).
    """
    resource = ConfigResource(ResourceType.TOPIC, topic)
    try:
        admin = admin_client(settings)  # must outlive its answers
        (answer,) = admin.describe_configs([resource], request_timeout=ASK_SECONDS).values()
        return int(answer.result()["max.message.bytes"].value)
    except KafkaException as error:
        raise failed(settings, error, f"settings of {topic}") from error
