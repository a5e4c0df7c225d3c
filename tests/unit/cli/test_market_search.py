"""How an answer of the search looks on a terminal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from weir.cli.market_search import parse_price, print_answer
from weir.errors import SettingError
from weir.market.search_answer import Answer, FacetValue, Hit, PriceRange, UnderstoodWord

HIT = Hit(
    product_id="a",
    sku="S-1",
    shop="Север",
    name="Умные часы",
    category="Электроника",
    brand=None,
    price=Decimal("8990.00"),
    currency="RUB",
    stock=1,
    score=0.5,
    highlight="⟦Умные⟧ часы\x1b[31m",
    snippet="",
)


def test_an_answer_shows_what_matched_and_how_words_were_read(capsys):
    """And what comes from shops cannot steer the terminal."""
    word = UnderstoodWord(typed="умнае", way="typo", said="умные", lexemes=["умн"], products=1)
    lost = UnderstoodWord(typed="ыы", way="unknown", said="ыы", lexemes=["ыы"], products=0)
    print_answer(
        Answer(
            query="умнае ыы",
            read_as="умнае ыы",
            found=500,
            at_least=True,
            missing=1,
            hits=[HIT],
            categories=[FacetValue(value="Электроника", products=500)],
            brands=(),
            shops=(),
            prices=[
                PriceRange(currency="RUB", products=500, lowest=Decimal(1), highest=Decimal(2))
            ],
            words=[word, lost],
        )
    )
    shown = capsys.readouterr().out
    assert "умнае: read as умные" in shown
    assert "no product has 'ыы': left out" in shown
    assert "[Умные] часы\\x1b[31m" in shown
    assert "500 or more found" in shown
    assert "categories: Электроника 500" in shown
    assert "prices: 1 to 2 RUB" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("30000", Decimal(30000)), ("12 990,50", Decimal("12990.50"))],
)
def test_prices_are_read_as_people_write_them(text, expected):
    """A comma is a point in Russian."""
    assert parse_price(text) == expected


def test_what_is_no_price_is_said():
    """Not searched without it."""
    with pytest.raises(SettingError):
        parse_price("cheap")
