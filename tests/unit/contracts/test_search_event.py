"""What is told about a search."""

from decimal import Decimal

import orjson
import pytest

from weir.contracts.search_event import (
    Refusal,
    SearchEvent,
    parse_search,
    search_json,
    search_key,
)

SEARCH = SearchEvent(
    search_id="s-1",
    user="anna",
    query="умные часы",
    category="Электроника",
    max_price=Decimal("30000"),
    found=2,
    products=("p1", "p2"),
    searched_at_ms=1_800_000_000_000,
)


def message(**changed: object) -> bytes:
    return orjson.dumps(orjson.loads(search_json(SEARCH)) | changed)


def test_what_is_told_is_what_the_stream_reads():
    """The order of the products is the order in which they were shown."""
    assert parse_search(search_json(SEARCH)) == SEARCH


def test_a_search_of_nobody_is_a_search():
    """It is keyed by itself, so that such searches spread over the partitions."""
    found = parse_search(message(user=None))
    assert isinstance(found, SearchEvent)
    assert (found.user, search_key(found), search_key(SEARCH)) == (None, b"s-1", b"anna")


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "tombstone"),
        (b"null", "not_an_object"),
        (b"x" * 70_000, "too_large"),
        (message(v="1"), "unknown_version"),
        (message(query=""), "empty_text"),
        (message(products="p1"), "wrong_type"),
        (message(products=["p"] * 51), "wrong_type"),
        (message(products=[1]), "wrong_type"),
        (message(products=["a\0"]), "nul"),
        (message(found=-1), "out_of_range"),
        (message(searched_at_ms=1.5), "wrong_type"),
        (message(searched_at_ms="now"), "wrong_type"),
    ],
)
def test_everything_else_is_refused_by_one_word(value: bytes | None, word: str):
    """The word is kept with the dead letter."""
    found = parse_search(value)
    assert isinstance(found, Refusal)
    assert found.word == word
