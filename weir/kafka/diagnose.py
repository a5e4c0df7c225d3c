"""What the brokers look like right now, in words, for the error of a failed publication."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaException

from weir.kafka.client import admin_client, reason_of
from weir.settings import Settings

ASK_SECONDS: Final = 3.0
PROBE_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class PartitionState:
    """Replication of one partition: `in_sync` counts living brokers only."""

    has_leader: bool
    replicas: int
    in_sync: int


def describe_trouble(settings: Settings, topic: str = "") -> str:
    """One clause: how many brokers live, and which partitions of the topic are not whole.

    Without a majority of controllers the survivor's metadata still names dead brokers as alive
    and in sync, so each address is tried.
    """
    try:
        metadata = admin_client(settings).list_topics(timeout=ASK_SECONDS)
    except KafkaException as error:
        return f"no broker answers at {settings.bootstrap} ({reason_of(error)})"
    alive = {
        number
        for number, broker in metadata.brokers.items()
        if _answers(broker.host or "", broker.port)
    }
    found = metadata.topics.get(topic)
    partitions = {
        number: PartitionState(
            has_leader=partition.leader in alive,
            replicas=len(partition.replicas),
            in_sync=len(alive.intersection(partition.isrs)),
        )
        for number, partition in (found.partitions if found else {}).items()
    }
    brokers = f"{len(alive)} of {max(len(metadata.brokers), _bootstrap_count(settings))}"
    return trouble(brokers, topic, partitions, exists=found is not None or not topic)


def trouble(
    brokers: str, topic: str, partitions: Mapping[int, PartitionState], *, exists: bool = True
) -> str:
    """The clause itself; names at most three partitions."""
    clause = f"brokers alive: {brokers}"
    if not exists:
        return f"{clause}; topic {topic} does not exist: weir topics apply"
    broken = [
        f"{topic}/{number} has {state.in_sync} living in-sync replicas of {state.replicas}"
        + ("" if state.has_leader else " and no leader")
        for number, state in sorted(partitions.items())
        if not state.has_leader or state.in_sync < state.replicas
    ]
    return "; ".join([clause, *broken[:3]])


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS):
            return True
    except OSError:
        return False


def _bootstrap_count(settings: Settings) -> int:
    return len(settings.bootstrap.split(","))
