"""Words on the wrong keyboard layout or in the other alphabet."""

from __future__ import annotations

import pytest

from weir.market.search_spellings import other_alphabet, other_layout


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("cvfhnajy", "смартфон"),
        ("yjen,er", "ноутбук"),
        ("руддщ", "hello"),
        ("cvfhn xfcs", "смарт часы"),
    ],
)
def test_the_keys_are_read_on_the_other_layout(typed, expected):
    """Forgetting to switch the layout is the commonest mistake of all."""
    assert other_layout(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("naushniki", "наушники"), ("shchetka", "щетка"), ("хальден", "halden"), ("чехол", "chehol")],
)
def test_the_sound_is_written_in_the_other_alphabet(typed, expected):
    """A phone may have one keyboard only."""
    assert other_alphabet(typed) == expected
