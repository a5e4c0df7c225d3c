"""Which cluster and which topic this is: a topic that was made anew has another id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from confluent_kafka import KafkaException, TopicCollection

from weir.kafka.client import admin_client, failed
from weir.settings import Settings

ASK_SECONDS: Final = 10.0


@dataclass(frozen=True)
class TopicIdentity:
    """Two topics of one name are the same only if both ids are equal."""

    cluster_id: str
    topic_id: str


def fetch_identity(settings: Settings, topic: str) -> TopicIdentity:
    """Ask the brokers. Raises Unavailable; SettingError without the topic, or the right to ask."""
    admin = admin_client(settings)  # must outlive its answers
    try:
        # One future; the library's own annotation says a dictionary.
        asked = cast(Any, admin.describe_cluster(request_timeout=ASK_SECONDS))
        cluster = asked.result()
        futures = admin.describe_topics(TopicCollection([topic]), request_timeout=ASK_SECONDS)
        found = futures[topic].result()
    except KafkaException as error:
        raise failed(settings, error, topic) from error
    return TopicIdentity(str(cluster.cluster_id), str(found.topic_id))
