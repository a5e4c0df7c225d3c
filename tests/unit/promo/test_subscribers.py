"""A CSV of subscribers, row by row."""

import pytest

from weir.errors import SettingError
from weir.promo.subscribers import Subscriber, parse_subscribers


def test_columns_are_found_by_their_names():
    """Exports differ in order and in capitals."""
    rows = parse_subscribers(["Restaurant_ID, client_id\n", "r1,c1\n", "\n", '"r,2", c2 \n'])
    assert list(rows) == [Subscriber("c1", "r1"), Subscriber("c2", "r,2")]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "the first line is empty"),
        (["c1,r1\n"], "the first line is c1,r1"),
        (["client_id,restaurant_id\n", "c1\n"], "line 2: 1 columns"),
        (["client_id,restaurant_id\n", "c1,r1\n", ",r1\n"], "line 3: client_id is empty"),
        (["client_id,restaurant_id\n", f"c1,{'r' * 256}\n"], "line 2: restaurant_id is empty"),
        (["client_id,restaurant_id\n", 'c1,"r1\n'], "line 2: unexpected end of data"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(lines, words):
    """Whoever made the file must find it."""
    with pytest.raises(SettingError, match=words):
        list(parse_subscribers(lines))
