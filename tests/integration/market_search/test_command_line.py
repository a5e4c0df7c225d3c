"""`weir market search` as a person types it, with the event that follows."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.support.platform import weir
from tests.support.stores import nowhere
from weir.contracts.search_event import SearchEvent, parse_search
from weir.kafka.reader import end_offsets, read_range
from weir.market.search_events import TOPIC

pytestmark = pytest.mark.platform


def test_a_search_is_answered_counted_and_becomes_an_event_of_its_user(database, catalogue):
    """Recommendations learn from what was shown."""
    catalogue.offer("a", "Умные часы Тикра")
    user = f"user-{uuid.uuid4()}"
    before = end_offsets(database, TOPIC)
    done = weir(database, "market", "search", "умных часов", "--user", user, "--json")
    assert [hit["product_id"] for hit in json.loads(done.stdout)["hits"]] == ["a"]
    assert done.stderr == ""
    events = [
        event
        for message in read_range(database, TOPIC, before)
        if isinstance(event := parse_search(message.value), SearchEvent) and event.user == user
    ]
    assert [(event.query, event.products, event.found) for event in events] == [
        ("умных часов", ("a",), 1)
    ]
    report = json.loads(weir(database, "market", "searches", "--json").stdout)
    assert [(row["query"], row["searches"]) for row in report] == [("умных часов", 1)]


def test_without_postgres_the_command_says_what_is_away(database, tmp_path):
    """No answer is better than a banned product."""
    done = weir(nowhere(database, tmp_path), "market", "search", "чайник", check=False)
    assert done.returncode == 3
    assert "PostgreSQL" in done.stderr
    assert done.stdout == ""


def test_without_kafka_the_answer_is_whole_and_the_loss_is_said(database, catalogue):
    """Nobody waits long for statistics."""
    catalogue.offer("a", "Чайник")
    away = database.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    done = weir(away, "market", "search", "чайник", "--json")
    assert [hit["product_id"] for hit in json.loads(done.stdout)["hits"]] == ["a"]
    assert "did not take the event" in done.stderr
