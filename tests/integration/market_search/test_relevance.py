"""Judged queries over the sample products."""

from __future__ import annotations

import pytest

from tests.support.market_listing import list_products, sample_products
from tests.support.relevance import judge, share_within

pytestmark = pytest.mark.platform


@pytest.mark.parametrize("half", ["tuned", "held_out"])
def test_nine_of_ten_queries_show_what_was_expected_among_the_first_three(catalogue, half):
    """Also on the half that nobody looked at while the order was tuned."""
    for _ in list_products(catalogue.pg, sample_products()):
        pass
    found = judge(catalogue.pg, half)
    assert len(found) >= 60
    missed = [(one.query, one.hits[:3]) for one in found if one.place is None or one.place > 3]
    assert share_within(found, 3) >= 0.9, missed
