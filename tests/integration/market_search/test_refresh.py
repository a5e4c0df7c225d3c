"""The search follows the catalogue: what is listed is found, what is not is not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.market_listing import list_products, refresh, sample_products

pytestmark = pytest.mark.platform

EVERYTHING = "select * from market.search_document order by product_id"


def test_a_new_name_replaces_the_old_words(catalogue):
    """And a word that no product has any more is suggested to nobody."""
    catalogue.offer("a", "Чайник Тикра")
    catalogue.change("a", "name = 'Самовар Тикра'")
    assert catalogue.ids("чайник") == []
    assert catalogue.ids("самовар") == ["a"]
    assert catalogue.words() == {"самовар": 1, "тикра": 1, "sku": 1, "электроника": 1}


@pytest.mark.parametrize("state", ["blocked", "gone"])
def test_what_is_not_listed_any_more_leaves_nothing_behind(catalogue, state):
    """And comes back whole when it is listed again."""
    catalogue.offer("a", "Чайник")
    before = catalogue.pg.execute(EVERYTHING).fetchall()
    catalogue.change("a", f"state = '{state}'")
    assert catalogue.ids("чайник") == []
    assert catalogue.words() == {}
    catalogue.change("a", "state = 'listed'")
    assert catalogue.pg.execute(EVERYTHING).fetchall() == before
    assert catalogue.words() == {"чайник": 1, "sku": 1, "электроника": 1}


def test_a_row_that_never_had_a_name_disturbs_nothing(catalogue):
    """A deletion may arrive before anything else."""
    catalogue.pg.execute(
        "insert into market.product (product_id, state, updated_at, src_partition, src_offset,"
        " ban_version, epoch) values ('a', 'gone', now(), 0, 0, 0, 1)"
    )
    refresh(catalogue.pg, ["a", "never heard of"])
    assert catalogue.pg.execute(EVERYTHING).fetchall() == []


def test_refreshing_again_changes_nothing(catalogue):
    """A batch may be repeated."""
    for _ in list_products(catalogue.pg, sample_products()):
        pass
    before = catalogue.pg.execute(EVERYTHING).fetchall(), catalogue.words()
    refresh(catalogue.pg, [product.product_id for product in sample_products()])
    assert (catalogue.pg.execute(EVERYTHING).fetchall(), catalogue.words()) == before


def test_a_price_or_a_stock_is_new_at_once_and_touches_no_index(catalogue):
    """Most changes of a shop are these two, thousands a second."""
    catalogue.offer("a", "Чайник", stock=0)
    with catalogue.pg.transaction():
        catalogue.change("a", "price = 1001, stock = 3")
        in_place = catalogue.pg.execute(
            "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables"
            " where relname = 'search_document'"
        ).fetchone()
    assert in_place == (1, 1)
    row = catalogue.pg.execute("select price, in_stock from market.search_document").fetchone()
    assert row == (1001, True)


def test_a_price_of_another_step_is_found_by_its_price(catalogue):
    """The terms of a price are words too."""
    catalogue.offer("a", "Чайник")
    catalogue.change("a", "price = 90000")
    assert catalogue.ids("чайник", min_price=Decimal(89_000)) == ["a"]
    assert catalogue.ids("чайник", max_price=Decimal(2_000)) == []


def test_the_vocabulary_counts_products_not_mentions(catalogue):
    """The words of many products weigh less."""
    catalogue.offer("a", "Чайник чайник", description="Чайник чайников.")
    catalogue.offer("b", "Чайник")
    assert {word: n for word, n in catalogue.words().items() if word.startswith("чай")} == {
        "чайник": 2,
        "чайников": 1,
    }
