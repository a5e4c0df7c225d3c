"""What the filter reads of Kafka, and how it writes there."""

from __future__ import annotations

from typing import Final

from spark_jobs.lib.driver import Driver
from spark_jobs.lib.kafka import cluster_options
from weir.kafka.cluster import main_cluster
from weir.kafka.declared import Topic
from weir.ops.streams import FilterSpec
from weir.settings import Settings

QUERY: Final = "filter"
COLUMNS: Final = ("topic", "partition", "offset", "timestamp", "key", "value")

BAN: Final = "value string, ban_id bigint, reason string"
"""The rules of one kind and length as a data frame."""


def declared(driver: Driver) -> FilterSpec:
    """The stream's declaration; WEIR_MARKET_PRODUCTS_TOPIC takes the place of the shipped name."""
    spec = driver.file.spec
    assert isinstance(spec, FilterSpec)
    if spec.topic != Topic.SHOP_PRODUCTS:
        return spec
    return spec.model_copy(update={"topic": driver.file.settings.market_products_topic})


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
