"""The filter's data frames: what becomes of each message, as the judge of single ones says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pyspark.sql import Observation, SparkSession
from pyspark.sql import functions as F

from spark_jobs.market_banned_filter.bans import ban_frames
from spark_jobs.market_banned_filter.sink import kafka_fault, observed, prepare, write
from spark_jobs.market_banned_filter.transforms import Outputs, decide, records, unsure
from tests.support.bad_products import BAD, KEY, message
from weir.errors import ContractError, Unavailable
from weir.kafka.record import Message, Record
from weir.market.ban_list import BanList, LiveRule
from weir.market.judge_one import judge_one
from weir.market.rules import Kind
from weir.market.take_back import Outlet

RECEIVED = datetime(2026, 11, 21, 0, 0, 0, 123_000, tzinfo=UTC)
RECEIVED_MS = int(RECEIVED.timestamp() * 1000)
SCHEMA = "topic STRING, partition INT, offset BIGINT, timestamp TIMESTAMP, key BINARY, value BINARY"
OUTLET = Outlet(source="shop-products", products="out", events="events", epoch=3)
ANEW = replace(OUTLET, incarnation="e-1_x")
OUTPUTS = Outputs(
    source=OUTLET.source_name, products="out", events="events", epoch=3, ban_version=9
)
RULES = (
    LiveRule(Kind.PRODUCT, "banned id", 1, 'recalled "at once"'),
    LiveRule(Kind.SKU, "BAD-1", 2, "forged"),
    LiveRule(Kind.SKU_PREFIX, "BA", 3, "short"),
    LiveRule(Kind.SKU_PREFIX, "BAD-2", 4, "отозвано"),
    LiveRule(Kind.SKU_PREFIX, "АРТ-", 5, "по-русски"),
)
PRODUCTS = {
    "fine": "OK-1",
    "banned id": "OK-2",
    "banned sku": "BAD-1",
    "long prefix": "BAD-22",
    "short prefix": "BA",
    "too short": "B",
    "russian": "АРТ-7",
    "lower case": "ba-1",
}


def bans(*rules: LiveRule) -> BanList:
    return BanList(version=9, at=RECEIVED, changes_at=None, rules=rules)


def inputs() -> list[tuple[bytes | None, bytes | None]]:
    """(key, value) of products, a tombstone of a banned one, and one that is no product."""
    products: list[tuple[bytes | None, bytes | None]] = [
        (name.encode(), message(product_id=name, sku=sku, name="Чайник «Пар»"))
        for name, sku in PRODUCTS.items()
    ]
    return [*products, (b"banned id", None), (b"fine", None), (b"x", b"no product")]


def frame(spark: SparkSession, pairs: list[tuple[bytes | None, bytes | None]]) -> Any:
    return spark.createDataFrame(rows_of(pairs), SCHEMA)


def rows_of(pairs: list[tuple[bytes | None, bytes | None]]) -> list[tuple[Any, ...]]:
    return [
        ("shop-products", 1, offset, RECEIVED, key and bytearray(key), value and bytearray(value))
        for offset, (key, value) in enumerate(pairs)
    ]


def written(found: Any) -> list[Record]:
    return [
        Record(
            topic=row["topic"],
            key=bytes(row["key"]),
            value=None if row["value"] is None else bytes(row["value"]),
            headers=tuple((each["key"], bytes(each["value"])) for each in row["headers"]),
        )
        for row in found.collect()
    ]


def comparable(record: Record) -> tuple[Any, ...]:
    """Events by their content: the order of equal JSON fields does not matter."""
    value: Any = record.value
    if record.topic == "events":
        value = orjson.dumps(orjson.loads(record.value or b""), option=orjson.OPT_SORT_KEYS)
    return (record.topic, record.key, value or b"", record.headers)


@pytest.mark.parametrize("outlet", [OUTLET, ANEW])
@pytest.mark.parametrize("rules", [(), RULES])
def test_spark_writes_what_the_judge_of_single_messages_writes(
    spark: SparkSession, rules: tuple[LiveRule, ...], outlet: Outlet
):
    """One list, one judge: the quick way must never be kinder."""
    pairs = inputs()
    decided = decide(frame(spark, pairs), ban_frames(spark, bans(*rules)))
    outputs = replace(OUTPUTS, source=outlet.source_name)
    found = written(records(decided, outputs))
    expected: list[Record] = []
    for offset, (key, value) in enumerate(pairs):
        one = Message("shop-products", 1, offset, key, value, (), RECEIVED_MS)
        judged = judge_one(one, bans(*rules), outlet)
        expected += judged if isinstance(judged, list) else []
    assert len(expected) == len(PRODUCTS) + 2 + (5 if rules else 0)
    assert sorted(map(comparable, found)) == sorted(map(comparable, expected))


def test_every_row_is_decided_once_by_its_closest_rule(spark: SparkSession):
    """A product under three rules is one event, not three."""
    pairs = [(name.encode(), message(product_id=name, sku=sku)) for name, sku in PRODUCTS.items()]
    decided = decide(frame(spark, pairs), ban_frames(spark, bans(*RULES)))
    found = {row["product_id"]: row["ban"] and row["ban"]["ban_id"] for row in decided.collect()}
    assert found == {
        "fine": None,
        "banned id": 1,
        "banned sku": 2,
        "long prefix": 4,
        "short prefix": 3,
        "too short": None,
        "russian": 5,
        "lower case": None,
    }
    assert decided.count() == len(PRODUCTS)


def test_what_is_observed_counts_every_message_and_every_odd_one(spark: SparkSession):
    """An odd message that nobody counted would vanish."""
    pairs = [*inputs(), *((KEY, value) for value, _ in list(BAD.values())[:3])]
    seen = Observation()
    decided = decide(frame(spark, pairs), ban_frames(spark, bans(*RULES))).observe(
        seen, F.count(F.lit(1)).alias("rows"), F.count_if(~F.col("sure")).alias("odd")
    )
    plan = records(decided, OUTPUTS)
    plan.write.format("noop").mode("overwrite").save()
    odd = [row["offset"] for row in unsure(frame(spark, pairs)).collect()]
    assert seen.get == {"rows": len(pairs), "odd": len(odd)}
    assert set(odd) >= {len(inputs()) - 1, len(pairs) - 1}


def test_a_message_is_parsed_once(spark: SparkSession):
    """It is the dearest step: a second time would cost a quarter of the throughput."""
    seen = Observation()
    decided = decide(frame(spark, inputs()), ban_frames(spark, bans(*RULES))).observe(
        seen, F.count_if(~F.col("sure")).alias("odd")
    )
    plan = records(decided, OUTPUTS)._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("from_json(") == 1


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("org.apache.kafka.common.errors.TimeoutException: Expiring 5 record(s)", "Timeout"),
        ("Caused by: org.apache.kafka.common.errors.NotLeaderOrFollowerException", "NotLeader"),
        ("org.apache.kafka.common.KafkaException: Failed to construct", "KafkaException"),
        ("org.apache.kafka.common.errors.RecordTooLargeException: 3 MB", None),
        ("java.lang.NullPointerException", None),
    ],
)
def test_a_message_is_not_blamed_for_kafka_being_away(words, fault):
    """Three failed tries make a message a dead letter: an outage must not count as one."""
    found = kafka_fault(words)
    assert (found is None) if fault is None else (found is not None and found.startswith(fault))


def test_a_write_is_seen_by_observations_and_kafka_away_is_no_fault_of_a_message(
    spark: SparkSession,
):
    """Of a V1 write Spark observes nothing, and the driver would wait for ever."""
    session = spark.newSession()
    prepare(session)
    rows = session.createDataFrame(rows_of(inputs()), SCHEMA)
    impatient = {"kafka.max.block.ms": "300", "kafka.bootstrap.servers": "127.0.0.1:1"}
    with pytest.raises(Unavailable, match="TimeoutException") as away:
        write(records(decide(rows, ()), OUTPUTS), impatient)
    assert "V2CommandExec" in str(away.value.__cause__)


def test_an_observation_that_never_comes_is_an_error(spark: SparkSession):
    """Not a stream that stands still without a word."""
    seen = Observation()
    frame(spark, inputs()).observe(seen, F.count(F.lit(1)).alias("rows"))
    with pytest.raises(ContractError, match="told nothing"):
        observed(seen, within_seconds=0.2)
