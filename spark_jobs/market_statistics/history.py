"""All that the filter ever said, as facts: from the archive, and from Kafka what came after it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.market_statistics.schema import COLUMNS
from spark_jobs.market_statistics.transforms import OF_THE_LIST, judge, read
from weir.market.facts import FACTS
from weir.market.filtered import EVENTS, Change
from weir.ops.window import TimeWindow

Ranges = Mapping[tuple[str, int], tuple[int, int]]
"""(topic, partition) -> first offset, and the one after the last."""

IN_EVENTS = (Change.BLOCKED, *OF_THE_LIST)
IN_PRODUCTS = (Change.ALLOWED, Change.DELETED)


def facts_of(rows: DataFrame) -> DataFrame:
    """One row per fact in rows of the archive; the same minutes as `transforms.judge` gives."""
    second = F.when(F.col("change").isin(*OF_THE_LIST), F.unix_seconds("written_at")).otherwise(
        F.floor(F.unix_micros("updated_at") / F.lit(1_000_000)).cast("bigint")
    )
    from_events = F.col("topic") == EVENTS
    counts = F.when(from_events, F.col("change").isin(*IN_EVENTS)).otherwise(
        F.col("change").isin(*IN_PRODUCTS)
    )
    texts = ("currency", "sku", "shop", "category", "brand")
    return rows.where(counts).select(
        *("change", "product_id"),
        (second - F.pmod(second, F.lit(60))).alias("minute"),
        *(F.coalesce(name, F.lit("")).alias(name) for name in texts),
        F.col("price").cast("string").alias("price"),
        F.unix_micros("updated_at").alias("version_us"),
        *("ban_version", "src_topic"),
        F.col("src_partition").cast("bigint").alias("src_partition"),
        "src_offset",
    )


def of_kafka(session: SparkSession, options: Mapping[str, str], ranges: Ranges) -> DataFrame:
    """The facts of these offsets."""
    begins: dict[str, dict[str, int]] = {}
    ends: dict[str, dict[str, int]] = {}
    for (topic, partition), (begin, end) in sorted(ranges.items()):
        begins.setdefault(topic, {})[str(partition)] = begin
        ends.setdefault(topic, {})[str(partition)] = end
    records = (
        session.read.format("kafka")
        .options(**options)
        .option("includeHeaders", "true")
        .option("assign", json.dumps({t: sorted(map(int, ps)) for t, ps in ends.items()}))
        .option("startingOffsets", json.dumps(begins))
        .option("endingOffsets", json.dumps(ends))
        .load()
        .select(*COLUMNS)
    )
    judged = judge(read(records))
    return judged.where(F.col("refusal").isNull() & F.col("counts")).select(*FACTS.names)


def within(facts: DataFrame, window: TimeWindow) -> DataFrame:
    """Those whose minute begins in the window."""
    minute = F.col("minute")
    return facts.where(
        (minute >= int(window.start.timestamp())) & (minute < int(window.end.timestamp()))
    )


def as_table(facts: DataFrame) -> pa.Table:
    """The facts in the memory of this process."""
    return facts.select(*FACTS.names).toArrow().cast(FACTS)
