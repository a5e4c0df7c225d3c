"""Weights that fade while nobody looks."""

import math
from itertools import permutations

import pytest

from weir.market.heat import DAY, HOUR, add_heat, heat_of, weight_now

NOW = 1_800_000_000.0


def test_a_weight_halves_in_its_half_life():
    """Without anything being written in the meantime."""
    heat = heat_of(8.0, NOW, HOUR)
    left = [weight_now(heat, NOW + hours * HOUR, HOUR) for hours in range(4)]
    assert left == pytest.approx([8, 4, 2, 1], rel=1e-6)


def test_wishes_add_up_the_same_in_any_order():
    """Messages come late and out of order; a replayed history must give the same numbers."""
    wishes = [(1.0, NOW), (0.5, NOW - HOUR), (2.0, NOW - DAY), (1.0, NOW + 5)]
    found = set()
    for order in permutations(wishes):
        heat = -math.inf
        for weight, at in order:
            heat = add_heat(heat, heat_of(weight, at, HOUR))
        found.add(round(weight_now(heat, NOW, HOUR), 6))
    assert found == {round(1 + 0.25 + 2 / 2**24 + 2 ** (5 / HOUR), 6)}


def test_what_was_wanted_more_lately_can_overtake_what_was_wanted_more():
    """This is what makes an hour's fashion visible, and an index can sort by it."""
    old, new = heat_of(10, NOW - 4 * HOUR, HOUR), heat_of(1, NOW, HOUR)
    assert new > old
    assert heat_of(17, NOW - 4 * HOUR, HOUR) > new


def test_what_has_faded_for_years_is_nothing_and_no_error():
    """Half an hour's half-life over ten years is a number that no double holds."""
    heat = heat_of(1, NOW, HOUR / 2)
    assert weight_now(heat, NOW + 3650 * DAY, HOUR / 2) == 0.0
    assert weight_now(None, NOW, HOUR) == 0.0
    assert add_heat(heat, heat_of(1, NOW + 3650 * DAY, HOUR / 2)) > heat
