"""`GET /market/search` over a real PostgreSQL; Kafka is away, which must not matter."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.support.stores import nowhere
from weir.market.search_log import read_searches
from weir.serving.api import create_app
from weir.serving.parts import build_parts
from weir.settings import Settings

pytestmark = pytest.mark.platform

AWAY = {"kafka_bootstrap": "127.0.0.1:1", "redis_url": "redis://127.0.0.1:1/0"}


def client_of(settings: Settings) -> TestClient:
    """Not entered: the watch of Kafka is none of this endpoint's business."""
    return TestClient(create_app(build_parts(settings.model_copy(update=AWAY))))


@pytest.fixture
def api(database: Settings, catalogue) -> TestClient:
    catalogue.offer("a", "Умные часы Тикра", brand="Тикра")
    catalogue.offer("b", "Чайник")
    return client_of(database)


def test_it_answers_what_the_command_line_answers(api):
    """One search, whoever asks."""
    answer = api.get("/market/search", params={"q": "умных часов", "limit": 3}).json()
    assert [(hit["product_id"], hit["price"]) for hit in answer["hits"]] == [("a", "1000.00")]
    assert answer["categories"] == [{"value": "Электроника", "products": 1}]
    assert (answer["found"], answer["at_least"], answer["missing"]) == (1, False, 0)
    assert answer["explained"] is None


def test_a_ban_counts_at_the_next_request(api, catalogue):
    """Connections are kept, answers are not."""
    assert api.get("/market/search", params={"q": "чайник"}).json()["found"] == 1
    catalogue.ban("product", "b")
    assert api.get("/market/search", params={"q": "чайник"}).json()["found"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"q": " "},
        {"q": "a\x00"},
        {"q": "x" * 501},
        {"q": "x", "limit": 0},
        {"q": "x", "max_price": "cheap"},
        {"q": "x", "max_price": "NaN"},
        {"q": "x", "min_price": 2, "max_price": 1},
        {"q": "x", "brand": "\x00"},
    ],
    ids=lambda wrong: repr(wrong)[:30],
)
def test_what_cannot_be_asked_is_the_callers_mistake(api, wrong):
    """422 with words, never 500."""
    assert api.get("/market/search", params=wrong).status_code == 422


def test_each_search_is_counted_after_its_answer(api, catalogue):
    """What people do not find is worth knowing."""
    for query in ("чайник", "Чайник!", "вертолет"):
        api.get("/market/search", params={"q": query})
    found = [(row.query, row.searches, row.last_found) for row in read_searches(catalogue.pg)]
    assert found == [("чайник", 2, 1), ("вертолет", 1, 0)]
    metrics = api.get("/metrics").text.splitlines()
    assert 'weir_market_searches_total{outcome="found"} 2.0' in metrics
    assert 'weir_market_searches_total{outcome="nothing"} 1.0' in metrics


def test_without_postgres_it_says_so_and_shows_nothing(database, tmp_path):
    """From anywhere else a banned product could come."""
    answer = client_of(nowhere(database, tmp_path)).get("/market/search", params={"q": "чайник"})
    assert answer.status_code == 503
    assert "PostgreSQL" in answer.json()["what"]
    assert answer.headers["Retry-After"] == "5"


def test_a_connection_that_the_server_closed_is_replaced(api, catalogue):
    """A restart of PostgreSQL costs no request after it."""
    assert api.get("/market/search", params={"q": "чайник"}).status_code == 200
    catalogue.pg.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'weir:market:search' and pid <> pg_backend_pid()"
        " and datname = current_database()"
    )
    assert api.get("/market/search", params={"q": "чайник"}).json()["found"] == 1
