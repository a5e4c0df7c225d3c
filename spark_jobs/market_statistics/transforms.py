"""From records of the filter to facts. Pure: data frames in, data frames out.

records --read--> read --judge--> facts with coordinates; `counts` says which are wanted here
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.market_statistics.schema import (
    CORRUPT,
    EVENT,
    NO_KEY,
    NOT_JSON,
    NOT_OURS,
    PARSE,
    PRODUCT,
)
from weir.kafka.record import PROBE_PREFIX
from weir.market.filtered import EVENTS, PRODUCTS, Change

# A retraction is a tombstone among the products and an event: the event is what counts.
COUNTED = {
    PRODUCTS: (Change.ALLOWED, Change.DELETED),
    EVENTS: (Change.BLOCKED, Change.RETRACTED, Change.READMITTED),
}
OF_THE_LIST = (Change.RETRACTED, Change.READMITTED)
SOURCE = r"^(.+)-([0-9]+)-([0-9]+)$"
ALL_CHANGES = tuple(change.value for change in Change)


def read(records: DataFrame) -> DataFrame:
    """One row per record of a product: coordinates, headers and the parsed value."""
    text = F.col("value").cast("string")
    is_event = F.col("topic") == EVENTS
    parsed = records.where(_is_no_probe()).select(
        *("topic", "partition", "offset", "timestamp"),
        F.col("key").cast("string").alias("product_id"),
        F.col("value").isNotNull().alias("has_value"),
        *(_header(name).alias(name) for name in ("change", "src", "updated_at_us", "ban_version")),
        F.when(~is_event, F.from_json(text, PRODUCT, PARSE)).alias("product"),
        F.when(is_event, F.from_json(text, EVENT, PARSE)).alias("event"),
    )
    broken = (
        F.col(f"product.{CORRUPT}").isNotNull()
        | F.col(f"event.{CORRUPT}").isNotNull()
        | (F.col("has_value") & F.col("product").isNull() & F.col("event").isNull())
    )
    return parsed.select("*", broken.alias("broken"))


def judge(read_records: DataFrame) -> DataFrame:
    """One row per record: coordinates, refusal (null: none), counts, and the columns of a fact.

    The minute is that of the version; of a retraction or a re-admission, when it was written.
    """
    us = F.col("updated_at_us").try_cast("bigint")
    written = F.unix_seconds("timestamp")
    second = F.when(F.col("change").isin(*OF_THE_LIST), written).otherwise(
        F.floor(us / F.lit(1_000_000)).cast("bigint")
    )
    counts = reduce(
        lambda a, b: a | b,
        ((F.col("topic") == topic) & F.col("change").isin(*of) for topic, of in COUNTED.items()),
    )
    price = F.coalesce("product.price", "event.product.price").try_cast("decimal(14,2)")
    return read_records.select(
        *("topic", "partition", "offset"),
        _refusal().alias("refusal"),
        F.coalesce(counts, F.lit(False)).alias("counts"),
        *("change", "product_id"),
        (second - F.pmod(second, F.lit(60))).alias("minute"),
        *(_field(name).alias(name) for name in ("currency", "sku", "shop", "category", "brand")),
        price.cast("string").alias("price"),
        us.alias("version_us"),
        F.col("ban_version").try_cast("bigint").alias("ban_version"),
        F.regexp_extract("src", SOURCE, 1).alias("src_topic"),
        F.regexp_extract("src", SOURCE, 2).try_cast("bigint").alias("src_partition"),
        F.regexp_extract("src", SOURCE, 3).try_cast("bigint").alias("src_offset"),
    )


def _refusal() -> Column:
    """Why a record cannot be counted; null when it can. The first reason in this order."""
    marked = (
        F.col("src").rlike(SOURCE)
        & F.regexp_extract("src", SOURCE, 3).try_cast("bigint").isNotNull()
        & F.regexp_extract("src", SOURCE, 2).try_cast("int").isNotNull()
        & F.col("change").isin(*ALL_CHANGES)
        & F.col("updated_at_us").try_cast("bigint").isNotNull()
        & F.col("ban_version").try_cast("bigint").isNotNull()
    )
    return (
        F.when(~F.coalesce(marked, F.lit(False)), NOT_OURS)
        .when(F.col("product_id").isNull(), NO_KEY)
        .when(F.col("broken"), NOT_JSON)
    )


def _field(name: str) -> Column:
    """A text of the product; of an event without one, of its head; else empty."""
    places = [f"product.{name}", f"event.product.{name}"]
    if name in ("sku", "shop"):
        places.append(f"event.{name}")
    return F.coalesce(*places, F.lit(""))


def _header(name: str) -> Column:
    """The first header of that name as a text, or null."""
    named = F.filter(F.col("headers"), lambda header: header["key"] == name)
    return F.get(named, F.lit(0))["value"].cast("string")


def _is_no_probe() -> Column:
    return F.col("key").isNull() | ~F.col("key").startswith(F.lit(PROBE_PREFIX))
