"""The shipped sample products and those that are made from a seed."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from weir.contracts.product import Product, parse_product, product_json
from weir.market import vocabulary
from weir.market.generator import Draw, product, products
from weir.market.offers_file import read_offers
from weir.settings import REPO

SAMPLE = REPO / "include" / "data" / "products.json"
BANS = REPO / "include" / "data" / "banned_products.json"


@pytest.fixture(scope="module")
def shipped() -> list[Product]:
    return [offer.product for offer in read_offers(SAMPLE.read_bytes())]


def test_the_shipped_catalogue_is_about_two_hundred_products_of_many_categories(
    shipped: list[Product],
) -> None:
    """A newcomer searches in it first."""
    assert len({p.product_id for p in shipped}) == len({p.sku for p in shipped}) == len(shipped)
    assert 190 <= len(shipped) <= 220
    counts = Counter(p.category for p in shipped)
    assert len(counts) >= 8
    assert min(counts.values()) >= 10


def test_some_of_the_shipped_products_are_in_english(shipped: list[Product]) -> None:
    """Search must know both languages."""
    english = [p for p in shipped if p.name.isascii()]
    assert 0.1 < len(english) / len(shipped) < 0.4


@pytest.mark.parametrize("word", ["Умные часы", "Смартфон"])
def test_what_people_try_first_has_many_answers(shipped: list[Product], word: str) -> None:
    """The tour searches for these."""
    assert len([p for p in shipped if p.name.startswith(word)]) >= 4


@pytest.mark.parametrize("limit", [30_000, 50_000])
def test_there_is_much_to_recommend_in_electronics_below_a_price(
    shipped: list[Product], limit: int
) -> None:
    """The tour asks for both."""
    cheap = [p for p in shipped if p.category == "Электроника" and p.price < limit]
    assert len({p.brand for p in cheap}) >= 8


def test_every_shipped_ban_means_at_least_one_shipped_product(shipped: list[Product]) -> None:
    """A ban that meets nothing shows nothing."""
    rules = orjson.loads(BANS.read_bytes())
    assert {"product_id", "sku", "sku_prefix"} <= {name for rule in rules for name in rule}
    for rule in rules:
        assert any(
            p.product_id == rule.get("product_id")
            or p.sku == rule.get("sku")
            or p.sku.startswith(rule.get("sku_prefix", "\0"))
            for p in shipped
        ), rule
        assert rule["reason"]


def test_a_made_product_is_the_same_every_time_and_another_for_every_number_and_seed() -> None:
    """Two runs of a benchmark measure the same thing."""
    assert list(products(50, seed=3)) == list(products(50, seed=3))
    assert list(products(10, seed=3, first=40)) == list(products(50, seed=3))[40:]
    ids = {p.product_id for seed in (1, 2) for p in products(500, seed=seed)}
    skus = {p.sku for p in products(5000)}
    assert (len(ids), len(skus)) == (1000, 5000)
    pairs = zip(products(200, seed=1), products(200, seed=2), strict=True)
    assert len([one for one, other in pairs if one.name == other.name]) < 5


def test_made_products_are_products_of_about_six_hundred_bytes() -> None:
    """Figures per second mean nothing without the size."""
    made = list(products(2000))
    records = [product_json(p) for p in made]
    for p, record in zip(made, records, strict=True):
        assert parse_product(record, p.product_id.encode()) == p
    assert 560 < sum(map(len, records)) / len(records) < 680


def test_made_products_are_of_both_languages_and_all_kinds_and_few_brands_have_many() -> None:
    """As in life; and ranking cannot be judged on products that are all alike."""
    made = list(products(6000))
    assert {p.category for p in made} == {kind.category for kind in vocabulary.KINDS}
    assert 0.25 < len([p for p in made if p.name.isascii()]) / len(made) < 0.42
    brands = Counter(p.brand for p in made).most_common()
    assert brands[0][1] > 10 * brands[100][1]


def test_all_numbers_of_a_draw_are_about_equally_frequent() -> None:
    """Neighbouring starts must not give neighbouring numbers."""
    counts = Counter(Draw(start).number(10) for start in range(20_000))
    assert set(counts) == set(range(10))
    assert max(counts.values()) < 1.1 * min(counts.values())
    assert product(1).name != product(2).name
