"""What is a request for recommendations, and what its answer looks like on the wire."""

from decimal import Decimal

import orjson
import pytest

from weir.contracts.recommendation import (
    Answer,
    Item,
    Refusal,
    Request,
    answer_json,
    parse_answer,
    parse_request,
    request_json,
    request_key,
)

ASKED = 1_800_000_000_000
REQUEST = Request(
    correlation_id="c-1",
    user="anna",
    category="Электроника",
    max_price=Decimal("29990.50"),
    limit=5,
    asked_at_ms=ASKED,
    deadline_ms=ASKED + 5_000,
)


def message(**changed: object) -> bytes:
    return orjson.dumps(orjson.loads(request_json(REQUEST)) | changed)


def test_what_is_asked_is_what_the_stream_reads():
    """A price stays the decimal that it was."""
    assert parse_request(request_json(REQUEST)) == REQUEST


def test_only_an_id_and_two_times_are_needed():
    """Somebody without a name asks for ten of anything."""
    least = {"v": 1, "correlation_id": "c", "asked_at_ms": ASKED, "deadline_ms": ASKED + 1}
    found = parse_request(orjson.dumps(least))
    assert found == Request(correlation_id="c", asked_at_ms=ASKED, deadline_ms=ASKED + 1)
    assert (found.limit, found.currency, request_key(found)) == (10, "RUB", b"c")


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "tombstone"),
        (b"", "not_json"),
        (b"[]", "not_an_object"),
        (b'{"v": 1, "v": 1}', "duplicate_key"),
        (b" " * 20_000, "too_large"),
        (message(v=2), "unknown_version"),
        (message(correlation_id=None), "missing_field"),
        (message(correlation_id="a b"), "wrong_correlation_id"),
        (message(user=7), "wrong_type"),
        (message(user=" "), "empty_text"),
        (message(user="a\0"), "nul"),
        (message(category="x" * 201), "too_long"),
        (message(max_price=30000), "wrong_type"),
        (message(max_price="1e400"), "out_of_range"),
        (message(max_price="NaN"), "out_of_range"),
        (message(max_price="-1"), "out_of_range"),
        (message(limit=0), "out_of_range"),
        (message(limit=51), "out_of_range"),
        (message(limit=True), "wrong_type"),
        (message(asked_at_ms=ASKED // 1000), "out_of_range"),
        (message(deadline_ms=ASKED), "wrong_deadline"),
        (message(deadline_ms=ASKED + 3_600_001), "wrong_deadline"),
        (b'{"v": 1, "limit": ' + b"9" * 5000 + b"}", "missing_field"),
    ],
)
def test_everything_else_is_refused_by_one_word(value: bytes | None, word: str):
    """The word is kept with the dead letter."""
    found = parse_request(value)
    assert isinstance(found, Refusal)
    assert found.word == word


def test_an_answer_can_be_read_back():
    """Its prices stay decimals, and nothing is lost on the way."""
    item = Item(
        product_id="p1",
        sku="SKU-1",
        name="Умные часы",
        category="Электроника",
        brand=None,
        shop="Север",
        price=Decimal("4990.00"),
        currency="RUB",
        score=0.5,
        reason="popular in Электроника this hour",
    )
    answer = Answer(
        correlation_id="c-1",
        answered_at_ms=ASKED + 10,
        deadline_ms=ASKED + 5_000,
        user="anna",
        items=(item,),
    )
    assert parse_answer(answer_json(answer)) == answer


@pytest.mark.parametrize("value", [b"{}", b'{"v": 2}', b"not json"])
def test_what_is_no_answer_is_an_error_that_its_reader_can_catch(value: bytes):
    """Anybody may write into a topic."""
    with pytest.raises((ValueError, KeyError)):
        parse_answer(value)
