"""Which cluster and which topic this is: a topic that was made anew has another id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from confluent_kafka import KafkaError, KafkaException, TopicCollection

from weir.errors import SettingError
from weir.kafka.client import admin_client, code_of, reason_of, unavailable
from weir.settings import Settings

ASK_SECONDS: Final = 10.0


@dataclass(frozen=True)
class TopicIdentity:
    """Two topics of one name are the same only if both ids are equal."""

    cluster_id: str
    topic_id: str


def fetch_identity(settings: Settings, topic: str) -> TopicIdentity:
    """Ask the brokers. Raises Unavailable; SettingError when there is no such topic."""
    admin = admin_client(settings)  # must outlive its answers
    try:
        # One future; the library's own annotation says a dictionary.
        asked = cast(Any, admin.describe_cluster(request_timeout=ASK_SECONDS))
        cluster = asked.result()
        futures = admin.describe_topics(TopicCollection([topic]), request_timeout=ASK_SECONDS)
        found = futures[topic].result()
    except KafkaException as error:
        if code_of(error) == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise SettingError(f"topic {topic} does not exist", "weir topics apply") from error
        raise unavailable(settings, f"{topic}: {reason_of(error)}") from error
    return TopicIdentity(str(cluster.cluster_id), str(found.topic_id))
