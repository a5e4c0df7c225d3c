"""What a batch of searches tells about products and users."""

from datetime import timedelta

import pytest

from tests.support.market_shelf import NOON, found
from weir.market.heat import OF_A_USER, OF_THE_HOUR, OF_THE_WEEK, weight_now
from weir.market.recommend_tally import RECENT, Facts, tally

NOW = NOON.timestamp()
FACTS = {
    "watch": Facts("Электроника", "Север"),
    "strap": Facts("Электроника", None),
    "book": Facts("Книги", "Дом"),
}


def test_what_is_shown_first_is_wanted_more_and_an_unknown_product_tells_nothing():
    """People look at the top; a product that is gone has no category to be popular in."""
    sums = tally([found("gone", "watch", "strap")], FACTS, {})
    weights = {p: weight_now(one.heat_week, NOW, OF_THE_WEEK) for p, one in sums.popular.items()}
    assert weights == pytest.approx({"watch": 1.0, "strap": 0.5})
    assert sums.popular["watch"].category == "Электроника"
    assert sums.affinities == sums.together == sums.recent == {}


def test_two_searches_of_a_batch_add_up_and_the_older_one_has_faded():
    """The batch is one row per product, whatever number of searches it has."""
    searches = [found("watch"), found("watch", at=NOON - timedelta(minutes=30))]
    one = tally(searches, FACTS, {}).popular["watch"]
    assert weight_now(one.heat_hour, NOW, OF_THE_HOUR) == pytest.approx(1.5)
    assert (one.searches, one.last_ms) == (2, int(NOW * 1000))


def test_a_user_is_known_by_the_first_finds_and_by_the_category_asked_for():
    """A brand only where there is one."""
    searches = [found("watch", "strap", user="anna", category="Электроника")]
    sums = tally(searches, FACTS, {})
    weights = {key: weight_now(heat, NOW, OF_A_USER) for key, heat in sums.affinities.items()}
    assert weights == pytest.approx(
        {("anna", "category", "Электроника"): 2.5, ("anna", "brand", "Север"): 1.0}
    )


def test_a_find_is_paired_with_earlier_finds_of_the_same_day_and_user_only():
    """Products of one search are alike by their words, which says nothing about people."""
    day = int(NOW * 1000)
    before = {"anna": {"book": day - 3_600_000}, "boris": {"watch": day - 25 * 3_600_000}}
    searches = [found("watch", "strap", user="anna"), found("book", user="boris")]
    sums = tally(searches, FACTS, before)
    pairs = {pair: weight_now(heat, NOW, OF_THE_WEEK) for pair, heat in sums.together.items()}
    assert pairs == pytest.approx(
        {
            ("watch", "book"): 1.0,
            ("book", "watch"): 1.0,
            ("strap", "book"): 0.5,
            ("book", "strap"): 0.5,
        }
    )
    assert sums.recent["anna"] == {"watch": day, "strap": day, "book": day - 3_600_000}


def test_only_the_last_finds_of_a_user_are_kept():
    """So that nobody's history grows for ever."""
    facts = {f"p{n:02}": Facts("Книги", None) for n in range(30)}
    searches = [found(f"p{n:02}", user="anna", at=NOON + timedelta(minutes=n)) for n in range(30)]
    kept = tally(searches, facts, {}).recent["anna"]
    assert list(kept) == [f"p{n:02}" for n in range(29, 29 - RECENT, -1)]
