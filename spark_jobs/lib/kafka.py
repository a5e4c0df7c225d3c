"""Options of Spark's Kafka source, in one place."""

from __future__ import annotations

import json
from collections.abc import Mapping

from weir.kafka.cluster import Cluster, main_cluster
from weir.kafka.java_login import java_options
from weir.ops.streams import StreamSpec
from weir.settings import Settings

Partitions = Mapping[int, int]


def cluster_options(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Address and login for Spark's connector: they name a 0600 file and hold no secret."""
    return {f"kafka.{name}": value for name, value in java_options(settings, cluster).items()}


def source_options(settings: Settings, spec: StreamSpec, start: Partitions) -> dict[str, str]:
    """Options for reading the stream's topic from `start` (partition -> next offset)."""
    return {
        **cluster_options(settings, main_cluster(settings)),
        "subscribe": spec.topic,
        "startingOffsets": json.dumps({spec.topic: {str(p): o for p, o in sorted(start.items())}}),
        "kafka.isolation.level": "read_committed",
        # Offsets that retention has deleted are a loss: stop and say so.
        "failOnDataLoss": "true",
        "groupIdPrefix": spec.name,
        # A bound on memory, not a limit on speed: small batches cost a third of the throughput.
        "maxOffsetsPerTrigger": str(spec.max_offsets_per_trigger),
        # Fewer, larger answers: a fifth less CPU in the scan.
        "kafka.max.poll.records": "10000",
        "kafka.max.partition.fetch.bytes": "4194304",
        "kafka.receive.buffer.bytes": "1048576",
    }
