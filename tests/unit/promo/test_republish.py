"""Two ways to say what readers have got."""

import pytest

from weir.errors import SettingError
from weir.promo.republish import published_up_to


@pytest.mark.parametrize(
    ("assume", "republish", "published"),
    [
        ("", "", None),
        ("17", "", (17, None)),
        ("0", "", (0, None)),
        ("17/3", "", (17, 3)),
        ("", "17", (16, None)),
        ("", "1", (0, None)),
        ("", "0", (0, None)),
        ("", "17/3", (17, 2)),
        ("", "17/1", (17, 0)),
    ],
)
def test_both_ways_name_the_last_chunk_that_counts_as_published(assume, republish, published):
    """An order of one too many is a loss, of one too few a double."""
    assert published_up_to(assume, republish) == published


def test_two_orders_at_once_are_refused():
    """They would contradict each other."""
    with pytest.raises(SettingError, match="not both"):
        published_up_to("17", "18")


@pytest.mark.parametrize("word", ["x", "-1", "17/0", "17/", "/3", "17/3/1", "1.5"])
def test_a_word_that_is_no_batch_is_refused_by_its_name(word):
    """Nothing is guessed about what readers have."""
    with pytest.raises(SettingError, match="is no batch"):
        published_up_to(word, "")
