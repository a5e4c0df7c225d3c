"""What the statistics make of the filter's records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.market_statistics import history
from spark_jobs.market_statistics.batch import Found, sort_out
from spark_jobs.market_statistics.schema import NO_KEY, NOT_JSON, NOT_OURS
from spark_jobs.market_statistics.transforms import judge, read
from weir.kafka.record import Message
from weir.market.archive_rows import rows_of, table_of
from weir.market.filtered import (
    EVENTS,
    PRODUCTS,
    Change,
    Mark,
    Source,
    Version,
    event_json,
    headers_of,
)
from weir.ops.window import TimeWindow

SCHEMA = (
    "topic string, partition int, offset long, timestamp timestamp, key binary, value binary,"
    " headers array<struct<key: string, value: binary>>"
)
SAID = 1_800_000_030_000_001  # half a minute after a full one
WRITTEN = datetime.fromtimestamp(1_800_000_100, UTC)
PRODUCT = (
    '{"v":1,"product_id":"p1","sku":"S-1","shop":"Север","name":"Часы","category":"Электроника",'
    '"price":"100.50","currency":"RUB","updated_at":"2027-01-15T08:00:30Z","attributes":{"a":1}}'
)
FACT = {
    "product_id": "p1",
    "sku": "S-1",
    "shop": "Север",
    "category": "Электроника",
    "brand": "",
    "currency": "RUB",
    "price": "100.50",
    "version_us": SAID,
    "ban_version": 7,
    "src_topic": "shop-products",
    "src_partition": 3,
    "src_offset": 41,
}


def record(
    topic: str, change: Change, value: str | bytes | None, offset: int = 0, **more: Any
) -> dict[str, Any]:
    mark = Mark(change, Source("shop-products", 3, 41), Version(SAID, 41, 7, 2))
    body = value.encode() if isinstance(value, str) else value
    return {
        "topic": topic,
        "partition": 0,
        "offset": offset,
        "timestamp": WRITTEN,
        "key": b"p1",
        "value": body,
        "headers": list(headers_of(mark)),
    } | more


def event(change: Change, product: str | None = PRODUCT) -> bytes:
    return event_json(
        change=change,
        product_id="p1",
        sku="S-1",
        shop="Север",
        rule=("sku", "S-1", 5),
        reason="recalled",
        product=product,
    )


def found(spark: SparkSession, *records: dict[str, Any]) -> Found:
    frame: DataFrame = spark.createDataFrame(list(records), SCHEMA)
    return sort_out(judge(read(frame)).toArrow())


def test_an_allowed_product_is_a_fact_of_the_minute_it_counts_from(spark: SparkSession):
    """The minute is the version's own, so that a replay finds the same one."""
    seen = found(spark, record(PRODUCTS, Change.ALLOWED, PRODUCT))
    assert seen.refused == {}
    assert seen.facts.to_pylist() == [FACT | {"change": "allowed", "minute": 1_800_000_000}]


def test_an_event_is_a_fact_with_the_product_that_it_holds(spark: SparkSession):
    """A retraction belongs to the minute in which it happened, not to that of an old product."""
    seen = found(
        spark,
        record(EVENTS, Change.BLOCKED, event(Change.BLOCKED)),
        record(EVENTS, Change.RETRACTED, event(Change.RETRACTED), 1),
        record(EVENTS, Change.READMITTED, event(Change.READMITTED), 2),
    )
    assert seen.facts.to_pylist() == [
        FACT | {"change": "blocked", "minute": 1_800_000_000},
        FACT | {"change": "retracted", "minute": 1_800_000_060},
        FACT | {"change": "readmitted", "minute": 1_800_000_060},
    ]


def test_a_deletion_knows_its_product_only(spark: SparkSession):
    """A tombstone has no price, and still says something."""
    (fact,) = found(spark, record(PRODUCTS, Change.DELETED, None)).facts.to_pylist()
    blank = {"sku": "", "shop": "", "category": "", "currency": "", "price": None}
    assert fact == FACT | blank | {"change": "deleted", "minute": 1_800_000_000}


def test_an_event_without_a_product_names_its_shop(spark: SparkSession):
    """What is known of it stands in its head."""
    records = [record(EVENTS, Change.RETRACTED, event(Change.RETRACTED, None))]
    (fact,) = found(spark, *records).facts.to_pylist()
    assert (fact["sku"], fact["shop"], fact["category"]) == ("S-1", "Север", "")


@pytest.mark.parametrize("change", [Change.BLOCKED, Change.RETRACTED, Change.READMITTED])
def test_the_copy_of_an_event_among_the_products_is_not_counted(spark: SparkSession, change):
    """Each of these is written to both topics."""
    value = PRODUCT if change is Change.READMITTED else None
    seen = found(spark, record(PRODUCTS, change, value))
    assert (seen.rows, len(seen.facts), seen.refused) == (1, 0, {})


def test_what_the_filter_did_not_write_is_refused_with_a_reason(spark: SparkSession):
    """Somebody else in the topic must neither be counted nor vanish."""
    good = dict(headers_of(Mark(Change.ALLOWED, Source("s", 0, 1), Version(SAID, 1, 0, 1))))
    strange = [
        {**good, "src": b"shop-products"},
        {**good, "src": b"s-1-99999999999999999999"},
        {**good, "change": b"praised"},
        {**good, "updated_at_us": b"yesterday"},
        {name: value for name, value in good.items() if name != "ban_version"},
        {},
    ]
    records = [
        record(PRODUCTS, Change.ALLOWED, PRODUCT, n, headers=list(headers.items()))
        for n, headers in enumerate(strange)
    ]
    records += [
        record(PRODUCTS, Change.ALLOWED, '{"sku": ', 6),
        record(PRODUCTS, Change.ALLOWED, PRODUCT, 7, key=None),
        record(EVENTS, Change.BLOCKED, "[]", 8),
    ]
    seen = found(spark, *records)
    assert len(seen.facts) == 0
    assert seen.refused == {
        PRODUCTS: {(0, n): NOT_OURS for n in range(6)} | {(0, 6): NOT_JSON, (0, 7): NO_KEY},
        EVENTS: {(0, 8): NOT_JSON},
    }


def test_a_probe_is_nobodys_product(spark: SparkSession):
    """It only measures the way."""
    assert found(spark, record(PRODUCTS, Change.ALLOWED, b"{}", key=b"weir.probe:x")).rows == 0


def test_the_archive_gives_the_same_facts_as_kafka(spark: SparkSession, tmp_path: Path):
    """Else a backfill would change numbers that were right."""
    records = [
        record(PRODUCTS, Change.ALLOWED, PRODUCT.replace('"100.50"', "29990.5")),
        record(PRODUCTS, Change.DELETED, None, 1),
        record(PRODUCTS, Change.RETRACTED, None, 2),
        record(PRODUCTS, Change.READMITTED, PRODUCT, 3),
        record(EVENTS, Change.BLOCKED, event(Change.BLOCKED)),
        record(EVENTS, Change.RETRACTED, event(Change.RETRACTED, None), 1),
        record(EVENTS, Change.READMITTED, event(Change.READMITTED), 2),
    ]
    rows, _ = rows_of(
        Message(
            r["topic"],
            r["partition"],
            r["offset"],
            r["key"],
            r["value"],
            tuple(r["headers"]),
            int(r["timestamp"].timestamp() * 1000),
        )
        for r in records
    )
    pq.write_table(table_of(rows), tmp_path / "part.parquet")
    archived = history.facts_of(spark.read.parquet(str(tmp_path)))
    hour = TimeWindow(datetime(2027, 1, 15, 8, tzinfo=UTC), datetime(2027, 1, 15, 9, tzinfo=UTC))
    kept = history.as_table(history.within(archived, hour)).to_pylist()
    assert sorted(kept, key=str) == sorted(found(spark, *records).facts.to_pylist(), key=str)
    assert len(kept) == 5
    before = TimeWindow(hour.start - timedelta(hours=1), hour.start)
    assert history.as_table(history.within(archived, before)).num_rows == 0
