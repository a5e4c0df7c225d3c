"""Which candidate comes first, and the words for it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.market_shelf import NOON
from weir.market.heat import DAY, OF_A_USER, OF_THE_HOUR, OF_THE_WEEK, heat_of
from weir.market.recommend_score import (
    FOUND_BY_ALIKE,
    POPULARITY_ONLY,
    Candidate,
    Signal,
    Taste,
    reason_of,
    score,
)

NOW = NOON.timestamp()


def candidate(product_id: str, category: str = "Книги", **changes: Any) -> Candidate:
    return Candidate(
        product_id=product_id,
        sku=f"SKU-{product_id}",
        name=f"name of {product_id}",
        category=category,
        brand=changes.pop("brand", None),
        shop="Север",
        price=Decimal("10.00"),
        currency="RUB",
        created_at=changes.pop("created_at", NOON - timedelta(days=400)),
        **changes,
    )


def order(*candidates: Candidate, taste: Taste | None = None, **more: Any) -> list[str]:
    scored = score(candidates, taste or Taste(), NOW, **more)
    return [one.candidate.product_id for one in scored]


def week(weight: float) -> float:
    return heat_of(weight, NOW, OF_THE_WEEK)


def test_of_two_products_the_more_popular_comes_first_and_equal_ones_by_id():
    """The same question at the same moment has the same answer."""
    assert order(
        candidate("c", heat_week=week(5)), candidate("a", heat_week=week(9)), candidate("b")
    ) == ["a", "c", "b"]
    assert order(candidate("b"), candidate("a")) == ["a", "b"]


def test_what_a_user_likes_comes_before_what_everybody_likes():
    """The whole point of knowing somebody."""
    liked = Taste(categories={"Спорт": heat_of(4, NOW - DAY, OF_A_USER)})
    both = (candidate("all", heat_week=week(40)), candidate("own", "Спорт", heat_week=week(20)))
    assert order(*both) == ["all", "own"]
    assert order(*both, taste=liked) == ["own", "all"]
    assert order(*both, taste=liked, weights=POPULARITY_ONLY) == ["all", "own"]


def test_the_one_favourite_of_the_world_does_not_drown_all_else():
    """Counts are compared by their logarithms: a hundred times as popular is twice as good."""
    scored = score(
        [candidate("a", heat_week=week(99)), candidate("b", heat_week=week(9))], Taste(), NOW
    )
    parts = [one.parts[Signal.WEEK] for one in scored]
    assert parts == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"heat_week": week(3)}, "popular in Книги this week"),
        ({"heat_hour": heat_of(3, NOW, OF_THE_HOUR)}, "popular in Книги this hour"),
        ({"heat_hour": heat_of(0.1, NOW, OF_THE_HOUR)}, "new in Книги"),
        ({"created_at": NOON}, "new in Книги"),
        ({"brand": "Дом"}, "you often look at Дом"),
        (
            {"together": week(1), "found_with_id": "w", "found_with": "Часы"},
            "found by those who also found Часы",
        ),
        (
            {"together": week(1), "found_with_id": "banned", "found_with": "Часы"},
            FOUND_BY_ALIKE,
        ),
    ],
)
def test_the_reason_is_what_spoke_most_for_the_product(given: dict[str, Any], words: str):
    """A reason that names a product which may not be shown would show it."""
    taste = Taste(brands={"Дом": heat_of(1, NOW, OF_A_USER)})
    (scored,) = score([candidate("p", **given)], taste, NOW)
    assert reason_of(scored, {"p", "w"}) == words


def test_who_looks_at_a_category_is_told_so():
    """Also when nobody else ever looked at the product."""
    taste = Taste(categories={"Книги": heat_of(1, NOW, OF_A_USER)})
    (scored,) = score([candidate("p")], taste, NOW)
    assert reason_of(scored, {"p"}) == "you often look at Книги"
