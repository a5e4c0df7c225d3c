"""How two recommenders are compared."""

import math

import numpy as np
import pytest

from benchmarks.compare import bootstrap, ndcg, recall
from benchmarks.market_history import make_world, searches, wanted_next
from tests.support.market_shelf import NOON


def test_recall_counts_what_was_wanted_twice_twice():
    """Who wants a product more often is served more by it."""
    assert recall(["a", "b"], ["a", "a", "c", "b"]) == 0.75
    assert recall([], ["a"]) == 0.0


def test_ndcg_is_one_for_the_best_order_and_less_for_any_other():
    """By hand: gains 2 and 1, the second place counts 1 / log2(3)."""
    wanted = ["a", "a", "b"]
    second = 1 / math.log2(3)
    assert ndcg(["a", "b"], wanted) == pytest.approx(1.0)
    assert ndcg(["b", "a"], wanted) == pytest.approx((1 + 2 * second) / (2 + second))
    assert ndcg(["x", "y"], wanted) == 0.0


def test_the_interval_holds_the_true_mean_about_95_times_of_100():
    """Else "better than" would be said too easily."""
    chooser = np.random.default_rng(7)
    samples = [chooser.exponential(1.0, size=200) for _ in range(200)]
    held = [b.low <= 1.0 <= b.high for b in (bootstrap(s, resamples=400) for s in samples)]
    assert 0.90 <= sum(held) / len(held) <= 0.99
    same = bootstrap([2.0, 2.0])
    assert same == (2.0, 2.0, 2.0)


def test_without_preferences_all_users_of_the_generated_world_want_the_same():
    """The control: there a recommender that knows users cannot be better."""
    alike = make_world(1, products=50, users=4, strength=0.0)
    assert np.allclose(alike.wants, alike.wants[0])
    apart = make_world(1, products=50, users=4, strength=1.0)
    assert np.abs(apart.wants - apart.wants[0]).max() > 0.01


def test_a_generated_search_shows_what_was_wanted_among_its_category_before_the_end():
    """Every user as often, in the order of time, and the same again for the same seed."""
    world = make_world(1, products=60, users=3, strength=1.0)
    history = list(searches(world, 2, each=5, until=NOON))
    assert history == list(searches(world, 2, each=5, until=NOON))
    assert sorted(s.user for s in history) == sorted(f"u{n}" for n in range(3) for _ in range(5))
    times = [s.searched_at_ms for s in history]
    assert times == sorted(times)
    assert times[-1] < NOON.timestamp() * 1000
    for search in history:
        kinds = {int(world.categories[int(product[1:])]) for product in search.products}
        assert len(kinds) == 1
    assert [len(wanted) for wanted in wanted_next(world, 3, each=7)] == [7, 7, 7]
