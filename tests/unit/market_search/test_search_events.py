"""The event of a search, and that nobody waits for it."""

from __future__ import annotations

import time
from decimal import Decimal

from weir.contracts.search_event import SearchEvent, parse_search, search_json
from weir.market.search_answer import Answer, Hit
from weir.market.search_events import MOST_WAITING, SearchEvents, event_of
from weir.market.search_request import Question
from weir.settings import Settings

QUESTION = Question(query="умные часы", category="Электроника", max_price=Decimal("50000.00"))


def answer(*products: str) -> Answer:
    return Answer(
        query=QUESTION.query,
        read_as=QUESTION.query,
        found=len(products),
        at_least=False,
        missing=0,
        hits=[hit(product) for product in products],
        categories=(),
        brands=(),
        shops=(),
        prices=(),
        words=(),
    )


def hit(product_id: str) -> Hit:
    return Hit(
        product_id=product_id,
        sku="",
        shop="",
        name="",
        category="",
        brand=None,
        price=Decimal(1),
        currency="RUB",
        stock=None,
        score=1.0,
        highlight="",
        snippet="",
    )


def test_the_event_says_what_was_asked_and_what_was_shown_in_its_order():
    """Recommendations learn from the order."""
    event = event_of(QUESTION, answer("b", "a"), "anna", 1_800_000_000_000)
    assert event == SearchEvent(
        search_id=event.search_id,
        query="умные часы",
        searched_at_ms=1_800_000_000_000,
        user="anna",
        category="Электроника",
        max_price=Decimal("50000.00"),
        found=2,
        products=("b", "a"),
    )
    assert parse_search(search_json(event)) == event


def test_a_user_without_a_name_is_nobody():
    """An empty name would be one user for all."""
    assert event_of(QUESTION, answer(), " ", 1_800_000_000_000).user is None


def test_a_kafka_that_is_away_costs_no_time_and_a_full_queue_loses_events(tmp_path):
    """An answer never waits for its event."""
    outcomes: list[str] = []
    settings = Settings(_env_file=None, home=tmp_path, kafka_bootstrap="127.0.0.1:1")
    events = SearchEvents(settings, outcomes.append)
    began = time.monotonic()
    for _ in range(MOST_WAITING + 2):
        events.offer(event_of(QUESTION, answer("a"), None, 1_800_000_000_000))
    assert time.monotonic() - began < 5
    assert outcomes == ["lost", "lost"]
    assert events.finish(0.01) == MOST_WAITING
