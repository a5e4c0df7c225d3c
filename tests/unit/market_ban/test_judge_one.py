"""What the filter writes for one record, and what its headers say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import orjson

from tests.support.bad_products import KEY, message
from weir.contracts.product import Refusal
from weir.kafka.record import Message
from weir.market.ban_list import BanList, LiveRule
from weir.market.filtered import Change, Mark, Source, Version, read_mark
from weir.market.judge_one import judge_one
from weir.market.rules import Kind
from weir.market.take_back import Outlet

OUTLET = Outlet(source="shop-products", products="out", events="events", epoch=3)
AT_MS = 1_790_000_000_000
UPDATED = "2026-09-01T10:00:00Z"
UPDATED_US = int(datetime(2026, 9, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000


def bans(*rules: LiveRule) -> BanList:
    return BanList(version=9, at=datetime(2026, 11, 22, tzinfo=UTC), changes_at=None, rules=rules)


def record(value: bytes | None, key: bytes | None = KEY) -> Message:
    return Message("shop-products", 2, 41, key, value, (), AT_MS)


def mark(change: Change, updated_at_us: int) -> Mark:
    return Mark(change, Source("shop-products", 2, 41), Version(updated_at_us, 41, 9, 3))


def test_an_allowed_product_goes_through_byte_for_byte():
    """A shop's record is not ours to rewrite."""
    value = message(updated_at=UPDATED)
    written = judge_one(record(value), bans(), OUTLET)
    assert isinstance(written, list)
    (one,) = written
    assert (one.topic, one.key, one.value) == ("out", KEY, value)
    assert read_mark(one.headers) == mark(Change.ALLOWED, UPDATED_US)


def test_records_of_a_topic_that_was_made_anew_are_no_others_though_offsets_are_equal():
    """Else the statistics would take them for what they have counted."""
    anew = replace(OUTLET, incarnation="a-2")
    (one,) = judge_one(record(message(updated_at=UPDATED)), bans(), anew)
    found = read_mark(one.headers)
    assert found is not None
    assert found.source == Source("shop-products@a-2", 2, 41)


def test_a_banned_product_leaves_a_tombstone_and_an_event_with_the_product():
    """No older version stays in the compacted topic, and the shop learns why."""
    value = message(updated_at=UPDATED)
    rule = LiveRule(Kind.PRODUCT, KEY.decode(), 5, "отозван")
    written = judge_one(record(value), bans(rule), OUTLET)
    assert isinstance(written, list)
    gone, event = written
    assert (gone.topic, gone.key, gone.value) == ("out", KEY, None)
    assert (event.topic, event.key) == ("events", KEY)
    assert {read_mark(each.headers) for each in written} == {mark(Change.BLOCKED, UPDATED_US)}
    body = orjson.loads(event.value or b"")
    assert body["rule"] == {"kind": "product", "value": KEY.decode(), "ban_id": 5}
    assert (body["change"], body["reason"]) == ("blocked", "отозван")
    assert body["product"] == orjson.loads(value)


def test_a_tombstone_passes_whether_the_product_is_banned_or_not():
    """What is gone needs no ban; its time is Kafka's."""
    rule = LiveRule(Kind.PRODUCT, KEY.decode(), 5, "recalled")
    written = judge_one(record(None), bans(rule), OUTLET)
    assert isinstance(written, list)
    (one,) = written
    assert (one.topic, one.value) == ("out", None)
    assert read_mark(one.headers) == mark(Change.DELETED, AT_MS * 1000)


def test_a_shop_whose_clock_is_ahead_does_not_outrun_kafka():
    """Else its deletion would come before the product that it deletes."""
    written = judge_one(record(message(updated_at="2099-01-01T00:00:00Z")), bans(), OUTLET)
    assert isinstance(written, list)
    assert read_mark(written[0].headers) == mark(Change.ALLOWED, AT_MS * 1000)


def test_what_is_no_product_is_refused():
    """It becomes a dead letter with the judge's word."""
    assert isinstance(judge_one(record(b"{}"), bans(), OUTLET), Refusal)
    assert isinstance(judge_one(record(message(), key=None), bans(), OUTLET), Refusal)


def test_headers_of_somebody_else_are_no_mark():
    """Whoever reads the topic meets records that others wrote."""
    assert read_mark((("src", b"nonsense"), ("change", b"allowed"))) is None
    assert read_mark(()) is None
