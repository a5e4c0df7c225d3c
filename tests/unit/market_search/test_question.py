"""What cannot be asked is refused in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from weir.errors import SettingError
from weir.market.search_request import Question


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": " "},
        {"query": "x" * 501},
        {"query": "a\x00"},
        {"query": "\ud800"},
        {"query": "x", "brand": "\x00"},
        {"query": "x", "limit": 0},
        {"query": "x", "limit": 51},
        {"query": "x", "min_price": Decimal(-1)},
        {"query": "x", "max_price": Decimal("NaN")},
        {"query": "x", "max_price": Decimal("1e30")},
        {"query": "x", "min_price": Decimal(2), "max_price": Decimal(1)},
    ],
    ids=lambda wrong: repr(wrong)[:40],
)
def test_what_no_product_can_answer_is_refused(wrong):
    """PostgreSQL would answer with an error that nobody understands."""
    with pytest.raises(SettingError):
        Question(**wrong)


def test_a_price_of_nothing_is_a_price():
    """Zero must not mean "any"."""
    assert Question(query="x", max_price=Decimal(0)).has_price
