"""How far a typed word is from a word of the catalogue."""

from __future__ import annotations

import pytest

from weir.market.search_distance import allowed_slips, slips


@pytest.mark.parametrize(
    ("typed", "meant", "expected"),
    [
        ("чайник", "чайник", 0),
        ("чйник", "чайник", 1),  # left out
        ("чаайник", "чайник", 1),  # added
        ("чойник", "чайник", 1),  # mistaken
        ("чанйик", "чайник", 1),  # swapped with its neighbour
        ("чнйка", "чайник", None),
        ("наушнеке", "наушники", 2),
        ("", "я", 1),
    ],
)
def test_each_slip_of_the_fingers_counts_once(typed, meant, expected):
    """Swapped letters are one slip, or half of all typos would look like two."""
    assert slips(typed, meant, at_most=2) == expected


def test_words_of_very_different_length_are_not_even_compared():
    """The vocabulary is asked for many candidates at once."""
    assert slips("чай", "чайниками", at_most=2) is None


@pytest.mark.parametrize(
    ("word", "expected"), [("он", 0), ("чай", 1), ("наушник", 1), ("наушники", 2)]
)
def test_a_short_word_may_hold_fewer_slips(word, expected):
    """Of two letters every slip is another word."""
    assert allowed_slips(word) == expected
