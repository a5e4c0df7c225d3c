"""A batch of the filter's records, as Spark hands them over, is sorted out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from spark_jobs.market_catalogue.transforms import sort_out
from tests.support.offers import Said, offer, said
from weir.kafka.record import PROBE_PREFIX
from weir.market.catalogue import State
from weir.market.filtered import EVENTS, PRODUCTS, Change

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def row(record: Said, offset: int, **more: Any) -> dict[str, Any]:
    headers = [{"key": name, "value": value} for name, value in record.headers]
    return {
        "topic": record.topic,
        "partition": 3,
        "offset": offset,
        "timestamp": NOON + timedelta(seconds=offset),
        "key": record.key,
        "value": record.value,
        "headers": headers,
    } | more


def test_a_batch_of_both_topics_becomes_one_entry_per_product_and_its_refusals() -> None:
    """Each refused record is named by topic, partition and offset, so that it is found again."""
    rows = [
        row(said(Change.ALLOWED, offer("a", price="1"), at=1), 0),
        row(said(Change.BLOCKED, offer("a", price="2"), at=2), 1),
        row(said(Change.ALLOWED, offer("b"), at=1), 2),
        row(said(Change.ALLOWED, offer("c"), at=1), 3, headers=None),
        row(said(Change.BLOCKED, offer("d", name=""), at=1), 4),
    ]
    found = sort_out(rows)
    assert [(e.product_id, e.state) for e in found.entries] == [
        ("a", State.BLOCKED),
        ("b", State.LISTED),
    ]
    assert found.refused == {
        PRODUCTS: {(3, 3): "not written by the filter"},
        EVENTS: {(3, 4): "no product: empty"},
    }
    assert (found.rows, found.refusals) == (5, 2)
    assert (found.first_at, found.last_at) == (NOON, NOON + timedelta(seconds=4))


def test_a_probe_is_no_product_and_no_refusal() -> None:
    """It only measures the way of the others."""
    record = Said(PRODUCTS, PROBE_PREFIX + b"x:1", b"", ())
    found = sort_out([row(record, 0)])
    assert (found.entries, found.refusals, found.rows, found.first_at) == ([], 0, 0, None)


def test_an_empty_batch_is_sorted_out_too() -> None:
    """A part of a batch that is taken apart may hold no message."""
    assert sort_out([]).rows == 0
