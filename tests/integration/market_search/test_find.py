"""What is found, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.support.market_listing import list_products
from weir.contracts.product import Product

pytestmark = pytest.mark.platform


@pytest.fixture
def shop(catalogue):
    """A handful of products in two languages."""
    catalogue.offer("w1", "Умные часы Тикра", brand="Тикра", price=Decimal(9000))
    catalogue.offer("w2", "Умные часы Арво", brand="Арво", price=Decimal(30000), stock=0)
    catalogue.offer("s1", "Ремешок для умных часов Тикра", brand="Тикра", price=Decimal(500))
    catalogue.offer("h1", "Wireless headphones Halden", category="Audio", price=Decimal(7000))
    catalogue.offer(
        "k1", "Чайник «Ёлка» 128ГБ", category="Дом и кухня", description="Кипятит воду."
    )
    return catalogue


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("умных часов", ["w1", "w2", "s1"]),  # other forms; what is in stock, then the accessory
        ("ЧАСЫ тикра", ["w1", "s1", "w2"]),  # few have both words: one that lacks one comes last
        ("headphone", ["h1"]),
        ("чйаник", ["k1"]),  # a slip
        ("hedphones", ["h1"]),
        ("чай", ["k1"]),  # a beginning
        ("xfqybr", ["k1"]),  # the keys of "чайник" on the other layout
        ("chainik", ["k1"]),
        ("умныечасы", ["w1", "w2", "s1"]),
        ("елка", ["k1"]),
        ("128 гб", ["k1"]),
        ("кипятить", ["k1"]),
        ("SKU-h1", ["h1"]),
        ("k1", ["k1"]),
        ("для", []),
        ("абракадабра", []),
        ("o'neil & | ! ( ) : * \\ <->", []),
    ],
)
def test_words_are_found_as_people_type_them(shop, query, expected):
    """In any form, with a slip, unfinished, on the wrong layout, or by code."""
    assert shop.ids(query) == expected


def test_words_that_no_product_has_are_left_out_and_named(shop):
    """Nothing found helps nobody; silence about it neither."""
    answer = shop.ask("чайник абракадабра")
    assert [hit.product_id for hit in answer.hits] == ["k1"]
    assert [(word.typed, word.way) for word in answer.words] == [
        ("чайник", "word"),
        ("абракадабра", "unknown"),
    ]


def test_when_no_product_has_all_words_some_may_be_missing(shop):
    """The answer says how many."""
    answer = shop.ask("умный чайник тикра")
    assert answer.missing == 1
    assert [hit.product_id for hit in answer.hits] == ["w1", "s1"]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"max_price": Decimal(9000)}, ["w1", "s1"]),
        ({"max_price": Decimal("8999.99")}, ["s1"]),
        ({"min_price": Decimal(501), "max_price": Decimal(40000)}, ["w1", "w2"]),
        ({"max_price": Decimal(40000), "currency": "USD"}, []),
        ({"currency": "USD"}, ["w1", "w2", "s1"]),
        ({"brand": "АРВО"}, ["w2"]),
        ({"in_stock": True}, ["w1", "s1"]),
        ({"category": "электроника", "shop": "север"}, ["w1", "w2", "s1"]),
        ({"category": "Audio"}, []),
    ],
    ids=repr,
)
def test_a_search_is_narrowed_by_price_and_names(shop, narrowed, expected):
    """To the copeck, in one currency, whatever the capitals."""
    assert shop.ids("часы", **narrowed) == expected


def test_a_price_in_another_currency_is_no_small_price(catalogue):
    """Twenty dollars are not less than a hundred roubles."""
    catalogue.offer("d", "Часы", price=Decimal(20), currency="USD")
    assert catalogue.ids("часы", max_price=Decimal(100)) == []
    assert catalogue.ids("часы", max_price=Decimal(100), currency="USD") == ["d"]


def test_facets_count_what_was_found(shop):
    """People narrow by what they see."""
    answer = shop.ask("часы")
    assert [(v.value, v.products) for v in answer.brands] == [("Тикра", 2), ("Арво", 1)]
    assert [(v.value, v.products) for v in answer.categories] == [("Электроника", 3)]
    prices = [(p.currency, p.products, p.lowest, p.highest) for p in answer.prices]
    assert prices == [("RUB", 3, Decimal(500), Decimal(30000))]


def test_what_matched_is_marked_in_the_name(shop):
    """The eye looks for its own words."""
    assert shop.ask("часов тикра").hits[0].highlight == "Умные ⟦часы⟧ ⟦Тикра⟧"
    assert shop.ask("кипятить").hits[0].snippet == "⟦Кипятит⟧ воду"


def test_it_can_be_explained(shop):
    """Whoever asks why a product is first gets its points."""
    explained = shop.ask("часы", limit=1, explain=True).explained
    assert explained["match"] == "'час'"
    assert explained["candidates"] == 3
    [matched] = explained["products"]["w1"]
    assert matched["in"] == ["name"]
    assert matched["points"] > 0


def test_the_few_with_all_words_do_not_drown_among_the_many_that_lack_one(catalogue):
    """Only the first five hundred are ranked, and these were written last."""
    products = [
        Product(
            product_id=f"{kind}{number:03}",
            sku=f"SKU-{kind}{number}",
            shop="Север",
            name=f"Красный {kind}",
            category="Кухня",
            price=Decimal(1000),
            currency="RUB",
            updated_at=datetime(2026, 11, 22, tzinfo=UTC),
        )
        for kind in ("чайник", "самовар")
        for number in range(300)
    ]
    for _ in list_products(catalogue.pg, products):
        pass
    catalogue.offer("both", "Красный чайник и самовар")
    answer = catalogue.ask("красный чайник самовар", limit=2)
    assert answer.hits[0].product_id == "both"
    assert (answer.missing, answer.at_least) == (1, True)
