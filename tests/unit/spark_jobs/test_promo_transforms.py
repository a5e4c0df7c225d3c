"""From raw messages to campaigns, wake-ups and refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession

from spark_jobs.promo_join.transforms import readable, sort_out
from weir.ops.probe import probe_key
from weir.promo.wakeups import CampaignWake, wake_json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CAMPAIGN = {
    "restaurant_id": "123e4567-e89b-12d3-a456-426614174000",
    "adv_campaign_id": "123e4567-e89b-12d3-a456-426614174003",
    "adv_campaign_content": "first campaign",
    "adv_campaign_owner": "Ivanov Ivan Ivanovich",
    "adv_campaign_owner_contact": "iiivanov@restaurant_id",
    "adv_campaign_datetime_start": 1659203516,
    "adv_campaign_datetime_end": 2659207116,
    "datetime_created": 1659131516,
}


def row(value: bytes | None, offset: int = 0, **more: Any) -> dict[str, Any]:
    """A message as `readable` gives it."""
    return {
        "topic": "in",
        "partition": 0,
        "offset": offset,
        "timestamp": NOON,
        "value_bytes": None if value is None else len(value),
        "value": value,
    } | more


def campaign(content: str) -> bytes:
    return json.dumps(CAMPAIGN | {"adv_campaign_content": content}).encode()


def test_each_message_is_a_campaign_a_wake_up_or_refused() -> None:
    """Nothing vanishes."""
    wake = CampaignWake(campaign="c")
    found = sort_out(
        [
            row(campaign("soup"), 0),
            row(b"{", 1),
            row(None, 2),
            row(None, 3, value_bytes=10_000_000),
            row(wake_json(wake), 4, topic="wakes"),
            row(b"what", 5, topic="wakes"),
        ],
        "in",
    )
    assert [c.adv_campaign_content for c in found.campaigns] == ["soup"]
    assert found.wakes == (wake,)
    assert found.refused == {
        ("in", 0, 1): "not_json",
        ("in", 0, 2): "tombstone",
        ("in", 0, 3): "too_large",
        ("wakes", 0, 5): "no_wake_up",
    }
    assert found.messages == 6


def test_a_probe_is_timed_and_is_nothing_else() -> None:
    """Among our own wake-ups; on the campaigns' topic, which is for everybody, its key is any."""
    key = probe_key("promo_join", 1)
    found = sort_out([row(b"{}", 0, topic="wakes", probe=key), row(b"{}", 1, probe=key)], "in")
    assert (found.probes, found.wakes, found.messages) == ((key,), (), 1)
    assert found.refused == {("in", 0, 1): "missing_field"}


def test_campaigns_are_in_the_order_of_their_time_stamps() -> None:
    """Without a key, a correction may come by another partition than the campaign."""
    found = sort_out(
        [
            row(campaign("third"), 0, timestamp=NOON + timedelta(milliseconds=1)),
            row(campaign("second"), 9, partition=1),
            row(campaign("first"), 7),
        ],
        "in",
    )
    assert [c.adv_campaign_content for c in found.campaigns] == ["first", "second", "third"]
    assert (found.first_at, found.last_at) == (NOON, NOON + timedelta(milliseconds=1))


def test_the_value_of_an_oversized_message_stays_in_spark(spark: SparkSession) -> None:
    """A thousand of ten megabytes would be the end of the driver."""
    columns = (
        "topic string, partition int, offset long, timestamp timestamp, key binary, value binary"
    )
    rows = [
        ("in", 0, 0, NOON, b"key", b"1234"),
        ("in", 0, 1, NOON, b"\xff", b"12345"),
        ("in", 0, 2, NOON, None, None),
    ]
    found = readable(spark.createDataFrame(rows, columns), "wakes", max_bytes=4)
    found = found.toArrow().to_pylist()
    assert {r["timestamp"] for r in found} == {NOON}
    assert [(r["value_bytes"], r["value"]) for r in found] == [
        (4, b"1234"),
        (5, None),
        (None, None),
    ]


def test_only_a_short_key_among_our_own_messages_is_a_probe(spark: SparkSession) -> None:
    """On the campaigns' topic a thousand keys of a megabyte would be the end of the driver."""
    columns = (
        "topic string, partition int, offset long, timestamp timestamp, key binary, value binary"
    )
    keys = (b"weir.probe:promo_join:1", b"weir.probe:" + b"x" * 1000, b"\xff", None)
    rows = [
        (topic, 0, offset, NOON, key, b"{}")
        for topic in ("wakes", "in")
        for offset, key in enumerate(keys)
    ]
    found = readable(spark.createDataFrame(rows, columns), "wakes").toArrow().to_pylist()
    assert [r["probe"] for r in found] == ["weir.probe:promo_join:1", *[None] * 7]
