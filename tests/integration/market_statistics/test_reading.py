"""Each level of the statistics, and what the live ban list takes out of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.market_facts import NOON, fact, facts
from weir.market import statistics_store as store
from weir.market.count_once import take_new
from weir.market.statistics import Level, Question, Row, fetch_statistics
from weir.ops.lease import Pg
from weir.ops.window import TimeWindow

pytestmark = pytest.mark.platform
START = datetime.fromtimestamp(NOON, UTC)


@pytest.fixture
def shop(pg: Pg) -> Pg:
    """Three products of two shops, one of them in two versions, and one that was blocked."""
    pg.execute("truncate market.ban, market.product")
    with pg.transaction():
        store.add(
            pg,
            take_new(
                pg,
                facts(
                    fact("watch", 1, price="9000.00", sku="W-1"),
                    fact("watch", 2, price="11000.00", sku="W-1", minute=NOON + 3600),
                    fact("phone", 3, price="29990.00", sku="PH-7", brand=""),
                    fact("book", 4, price="500.00", sku="B-1", shop="Юг", category="Книги"),
                    fact("toy", 5, "blocked", sku="T-1", shop="Юг", category="Детям"),
                    fact("book", 6, "deleted"),
                ),
            ),
        )
    return pg


def ban(pg: Pg, kind: str, value: str) -> None:
    pg.execute(
        "insert into market.ban (kind, value, reason, banned_by, valid_from, started, version)"
        " values (%s, %s, 'recalled', 'test', now(), true, 1)",
        [kind, value],
    )


def ask(pg: Pg, level: Level = Level.TOTAL, **more: Any) -> list[Row]:
    return fetch_statistics(pg, Question(level=level, **more)).rows


def allowed(rows: list[Row]) -> dict[str, tuple[int, int]]:
    """Per key; a deletion that the catalogue knows nothing of has a row without a currency."""
    return {row.key: (row.products, row.allowed) for row in reversed(rows)}


def test_a_total_says_how_many_came_and_what_they_cost(shop: Pg):
    """The one line for a person in a hurry."""
    total, deleted = ask(shop)
    assert total == Row(
        key="all",
        currency="RUB",
        window_start=None,
        products=3,
        received=5,
        allowed=4,
        blocked=1,
        deleted=0,
        retracted=0,
        readmitted=0,
        price_min=Decimal(500),
        price_avg=Decimal("12622.50"),
        price_max=Decimal(29990),
        banned_now=0,
    )
    assert (deleted.currency, deleted.received, deleted.deleted) == ("", 1, 1)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.CATEGORY, {"Электроника": (2, 3), "Книги": (1, 1), "Детям": (0, 0), "": (0, 0)}),
        (Level.SHOP, {"Север": (2, 3), "Юг": (1, 1), "": (0, 0)}),
        (Level.BRAND, {"Lumen": (2, 3), "": (1, 1)}),
        (
            Level.PRICE_BAND,
            {
                "0 to 1000": (1, 1),
                "5000 to 10000": (1, 1),
                "10000 to 30000": (2, 2),
                "": (0, 0),
            },
        ),
        (Level.PRODUCT, {"watch": (1, 2), "phone": (1, 1), "book": (1, 1), "toy": (0, 0)}),
    ],
)
def test_each_level_adds_up_the_same_messages(shop: Pg, level: Level, expected: dict[str, Any]):
    """A sum by shop and one by category must not differ."""
    rows = ask(shop, level)
    assert allowed(rows) == expected
    assert sum(row.received for row in rows) == 6


def test_a_deletion_is_counted_where_the_catalogue_knows_the_product(shop: Pg):
    """A tombstone names neither shop nor category."""
    shop.execute(
        "insert into market.product (product_id, state, sku, shop, name, category, price, currency,"
        " updated_at, src_partition, src_offset, ban_version, epoch)"
        " values ('book', 'gone', 'B-1', 'Юг', 'Сказки', 'Книги', 500, 'RUB', now(), 0, 6, 0, 1)"
    )
    rows = {row.key: row for row in ask(shop, Level.CATEGORY)}
    assert (rows["Книги"].allowed, rows["Книги"].deleted) == (1, 1)
    assert "" not in rows


@pytest.mark.parametrize(
    ("kind", "value", "left"),
    [
        ("product", "watch", {"phone", "book", "toy"}),
        ("sku", "B-1", {"watch", "phone", "toy"}),
        ("sku_prefix", "P", {"watch", "book", "toy"}),
        ("sku_prefix", "PH-8", {"watch", "phone", "book", "toy"}),
    ],
)
def test_what_is_banned_now_is_no_offer(shop: Pg, kind: str, value: str, left: set[str]):
    """The ban counts from the moment it is read, without any stream."""
    ban(shop, kind, value)
    assert {row.key for row in ask(shop, Level.PRODUCT)} == left


def test_a_ban_takes_the_product_out_of_counts_and_prices_and_says_so(shop: Pg):
    """Figures must not drop without a reason in sight."""
    ban(shop, "product", "phone")
    (row,) = [row for row in ask(shop, Level.CATEGORY) if row.key == "Электроника"]
    assert (row.products, row.allowed, row.banned_now) == (1, 2, 1)
    assert (row.price_max, row.price_avg) == (Decimal(11000), Decimal(10000))
    (history,) = [
        row for row in ask(shop, Level.CATEGORY, include_banned=True) if row.key == "Электроника"
    ]
    assert (history.products, history.allowed, history.banned_now) == (2, 3, 0)


def test_a_window_and_its_parts_hold_what_lies_in_them(shop: Pg):
    """An hour is from its first to before the next one's first minute."""
    hour = TimeWindow(START, START + timedelta(hours=1))
    assert allowed(ask(shop, Level.PRODUCT, within=hour)) == {
        "watch": (1, 1),
        "phone": (1, 1),
        "book": (1, 1),
        "toy": (0, 0),
    }
    parts = ask(shop, Level.TOTAL, each=timedelta(hours=1))
    first = datetime.fromtimestamp(NOON - NOON % 3600, UTC)
    by_hour = {(row.window_start, row.currency): row.allowed for row in parts}
    assert by_hour == {
        (first + timedelta(hours=1), "RUB"): 1,
        (first, "RUB"): 3,
        (first, ""): 0,
    }


def test_the_limit_keeps_the_keys_with_the_most(shop: Pg):
    """The top of a list, not its beginning."""
    assert [row.key for row in ask(shop, Level.SHOP, limit=1)] == ["Север"]
