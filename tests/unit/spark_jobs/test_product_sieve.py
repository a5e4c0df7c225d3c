"""What Spark calls a sure product is one by the judge too, and ordinary products are sure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pyspark.sql import Row, SparkSession

from spark_jobs.lib.product_sieve import with_sure_products
from tests.support.bad_products import BAD, GOOD, KEY, ODD, message
from weir.contracts.product import Product, micros, parse_product, version_micros

RECEIVED = datetime(2026, 11, 21, 0, 0, 0, 123_000, tzinfo=UTC)
SCHEMA = "name STRING, key BINARY, value BINARY, timestamp TIMESTAMP"
Named = tuple[str, bytes | None, bytes | None]


def sieve(spark: SparkSession, records: Sequence[Named]) -> dict[str, Row]:
    rows = [
        (name, key and bytearray(key), value if value is None else bytearray(value), RECEIVED)
        for name, key, value in records
    ]
    found = with_sure_products(spark.createDataFrame(rows, SCHEMA)).collect()
    return {row["name"]: row for row in found}


def test_nothing_that_the_judge_refuses_is_sure(spark: SparkSession) -> None:
    """The filter asks the judge only where Spark is not sure."""
    found = sieve(spark, [(name, KEY, value) for name, (value, _) in BAD.items()])
    assert found.keys() == BAD.keys()
    assert [name for name, row in found.items() if row["sure"]] == []


def test_what_is_sure_has_the_id_the_sku_and_the_time_of_the_judge(spark: SparkSession) -> None:
    """A ban that met another SKU than the one people see would be no ban."""
    found = sieve(spark, [(name, KEY, value) for name, value in ODD.items()])
    sure = {name: row for name, row in found.items() if row["sure"]}
    assert {"a field twice", "an SKU as a number", "a time with a zone"} <= sure.keys()
    for name, row in sure.items():
        product = parse_product(ODD[name], KEY)
        assert isinstance(product, Product)
        received_ms = micros(RECEIVED) // 1000
        assert (row["product_id"], row["sku"], row["version_us"]) == (
            product.product_id,
            product.sku,
            version_micros(micros(product.updated_at), received_ms),
        ), name


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"description": None, "brand": None, "stock": None, "tags": [], "attributes": {}},
        {"price": "0.50", "sku": "АРТ 12/3-б"},
        {"price": 24990.5, "sku": 1234567},
        {"name": "5G роутер «Волна»", "tags": ["a, b", "в/г", "d"], "images": []},
        {"created_at": None, "updated_at": "2026-11-20T13:30:00+03:00"},
    ],
)
def test_an_ordinary_product_is_sure(spark: SparkSession, changed: dict[str, object]) -> None:
    """Each row that is not costs a call of Python."""
    assert sieve(spark, [("it", KEY, message(**changed))])["it"]["sure"]


def test_a_tombstone_counts_from_its_arrival(spark: SparkSession) -> None:
    """It says nothing of its own about time."""
    row = sieve(spark, [("gone", KEY, None)])["gone"]
    assert (row["sure"], row["product_id"], row["sku"]) == (True, "el-0001", None)
    assert row["version_us"] == micros(RECEIVED)


def test_a_time_ahead_of_the_arrival_is_the_arrival(spark: SparkSession) -> None:
    """Else a shop whose clock is ahead could not delete what it sent."""
    row = sieve(spark, [("it", KEY, message(updated_at="2026-11-21T00:01:00Z"))])["it"]
    assert (row["sure"], row["version_us"]) == (True, micros(RECEIVED))


def test_a_key_that_is_not_the_products_id_is_not_sure(spark: SparkSession) -> None:
    """The key decides the partition."""
    records: list[Named] = [
        ("no key", None, message()),
        ("nothing at all", None, None),
        ("another", b"el-0002", message()),
        ("no id", b"a\nb", None),
        ("no text", b"\xff", None),
    ]
    assert [name for name, row in sieve(spark, records).items() if row["sure"]] == []


def test_every_field_of_the_contract_is_looked_at(spark: SparkSession) -> None:
    """A field that the sieve forgets could hold anything."""
    records: list[Named] = [(n, KEY, message(**{n: {"x": [1]}})) for n in GOOD]
    assert [n for n, row in sieve(spark, records).items() if row["sure"]] == ["attributes"]
