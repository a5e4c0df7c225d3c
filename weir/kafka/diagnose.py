"""What the brokers look like right now, in words, for the error of a failed publication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaException

from weir.kafka.client import admin_client, reason_of
from weir.settings import Settings

ASK_SECONDS: Final = 3.0
NO_LEADER: Final = -1


@dataclass(frozen=True, kw_only=True)
class PartitionState:
    """Replication of one partition, as one broker sees it."""

    leader: int
    replicas: int
    in_sync: int


def describe_trouble(settings: Settings, topic: str = "") -> str:
    """One clause: how many brokers live, and which partitions of the topic are not whole."""
    try:
        metadata = admin_client(settings).list_topics(timeout=ASK_SECONDS)
    except KafkaException as error:
        return f"no broker answers at {settings.bootstrap} ({reason_of(error)})"
    found = metadata.topics.get(topic)
    partitions = {
        number: PartitionState(
            leader=partition.leader, replicas=len(partition.replicas), in_sync=len(partition.isrs)
        )
        for number, partition in (found.partitions if found else {}).items()
    }
    exists = found is not None or not topic
    return trouble(settings.bootstrap, len(metadata.brokers), topic, partitions, exists=exists)


def trouble(
    bootstrap: str,
    brokers: int,
    topic: str,
    partitions: Mapping[int, PartitionState],
    *,
    exists: bool = True,
) -> str:
    """The clause itself; names at most three partitions."""
    clause = f"brokers alive: {brokers} ({bootstrap})"
    if not exists:
        return f"{clause}; topic {topic} does not exist: weir topics apply"
    broken = [
        f"{topic}/{number} has {state.in_sync} of {state.replicas} replicas in sync"
        + (" and no leader" if state.leader == NO_LEADER else "")
        for number, state in sorted(partitions.items())
        if state.leader == NO_LEADER or state.in_sync < state.replicas
    ]
    return "; ".join([clause, *broken[:3]])
