"""Facts become rows of `market.product_minute`, each message once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.market_facts import NOON, fact, facts
from weir.market import statistics_store as store
from weir.market.count_once import take_new
from weir.ops.lease import Pg
from weir.ops.window import TimeWindow

pytestmark = pytest.mark.platform


def count(pg: Pg, *rows: dict[str, Any]) -> int:
    """One batch; how many of its messages were new."""
    with pg.transaction():
        new = take_new(pg, facts(*rows))
        store.add(pg, new)
    return len(new)


def stored(pg: Pg, columns: str) -> list[tuple[Any, ...]]:
    return pg.execute(
        f"select {columns} from market.product_minute"  # type: ignore[arg-type]
        " order by window_start, product_id, currency"
    ).fetchall()


def test_a_minute_of_a_product_holds_its_decisions_and_the_prices_that_were_allowed(pg: Pg):
    """A blocked price is nobody's offer."""
    count(
        pg,
        fact(offset=1, price="100.00"),
        fact(offset=2, price="250.50"),
        fact(offset=3, change="blocked", price="1.00"),
        fact(offset=1, change="retracted", ban_version=7, price="100.00"),
        fact(offset=1, change="readmitted", ban_version=8, price="100.00"),
        fact(offset=4, change="deleted"),
    )
    columns = "currency, allowed, blocked, deleted, retracted, readmitted, price_min, price_max"
    assert stored(pg, columns + ", price_sum") == [
        ("", 0, 0, 1, 0, 0, None, None, Decimal(0)),
        ("RUB", 2, 1, 0, 1, 1, Decimal(100), Decimal("250.50"), Decimal("350.50")),
    ]


def test_a_message_that_comes_again_is_not_counted_again(pg: Pg):
    """The filter writes at least once: after a death its last batch is written twice."""
    batch = [fact(offset=n, product=f"p{n}") for n in (3, 8191, 8192, 40_000)]
    batch.append(fact(offset=3, product="p3", change="retracted", ban_version=2))
    assert count(pg, *batch, *batch) == 5
    assert count(pg, *batch, fact(offset=4, product="p4")) == 1
    assert stored(pg, "product_id, allowed, retracted") == [
        ("p3", 1, 1),
        ("p4", 1, 0),
        ("p40000", 1, 0),
        ("p8191", 1, 0),
        ("p8192", 1, 0),
    ]


def test_the_same_offset_of_another_partition_or_topic_is_another_message(pg: Pg):
    """An offset alone names nothing."""
    same = [
        fact(offset=5),
        fact(offset=5, src_partition=1),
        fact(offset=5, src_topic="shop-products-2"),
    ]
    assert count(pg, *same) == 3


def test_a_product_is_retracted_as_often_as_the_list_changed(pg: Pg):
    """Banned, let go, and banned again: that is two retractions of one message."""
    again = {"offset": 5, "change": "retracted"}
    assert count(pg, fact(**again, ban_version=1), fact(**again, ban_version=3)) == 2
    assert count(pg, fact(**again, ban_version=3)) == 0


def test_the_newest_version_names_the_row_in_whatever_order_they_come(pg: Pg):
    """Within a partition of the output the shop's order may be lost after a restart."""
    newer = fact(offset=9, category="Книги", price="20.00")
    older = fact(offset=2, category="Спорт", price="10.00")
    count(pg, newer)
    count(pg, older)
    count(pg, fact("p2", 3, category="Спорт"), fact("p2", 10, category="Книги"))
    assert stored(pg, "product_id, category, price, version_offset, allowed") == [
        ("p1", "Книги", Decimal(20), 9, 2),
        ("p2", "Книги", Decimal(100), 10, 2),
    ]


def test_replacing_a_window_leaves_the_others_alone(pg: Pg):
    """A backfill of one hour must not touch the next one."""
    count(pg, fact(offset=1), fact(offset=2, minute=NOON + 60))
    start = datetime.fromtimestamp(NOON, UTC)
    window = TimeWindow(start, start + timedelta(minutes=1))
    with pg.transaction():
        store.replace(pg, window, facts(fact(offset=1), fact(offset=7)))
    assert stored(pg, "allowed") == [(2,), (1,)]
    assert store.count_messages(pg, window) == 2
