"""What the filter reads of Kafka, and how it writes there."""

from __future__ import annotations

from typing import Final

from spark_jobs.lib.kafka import cluster_options
from weir.kafka.cluster import main_cluster
from weir.settings import Settings

QUERY: Final = "filter"
COLUMNS: Final = ("topic", "partition", "offset", "timestamp", "key", "value")

BAN: Final = "value string, ban_id bigint, reason string"
"""The rules of one kind and length as a data frame."""


def sink_options(settings: Settings) -> dict[str, str]:
    """Options of Spark's Kafka sink: confirmed by all in-sync brokers, large batches."""
    return {
        **cluster_options(settings, main_cluster(settings)),
        "kafka.acks": "all",
        "kafka.enable.idempotence": "true",
        "kafka.linger.ms": "20",
        "kafka.batch.size": "262144",
        "kafka.compression.type": "lz4",
        # Kafka that is away fails the batch soon: four tries of a task are two minutes.
        "kafka.delivery.timeout.ms": "30000",
        "kafka.request.timeout.ms": "10000",
        "kafka.max.block.ms": "30000",
        "kafka.max.request.size": "2097152",
    }
