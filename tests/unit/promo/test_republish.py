"""Two ways to say what readers have got."""

import pytest

from weir.errors import SettingError
from weir.promo.republish import published_up_to


@pytest.mark.parametrize(
    ("assume", "republish", "published"),
    [(-1, -1, None), (17, -1, 17), (0, -1, 0), (-1, 17, 16), (-1, 1, 0), (-1, 0, 0)],
)
def test_both_ways_name_the_last_batch_that_counts_as_published(assume, republish, published):
    """An order of one too many is a loss, of one too few a double."""
    assert published_up_to(assume, republish) == published


def test_two_orders_at_once_are_refused():
    """They would contradict each other."""
    with pytest.raises(SettingError, match="not both"):
        published_up_to(17, 18)
