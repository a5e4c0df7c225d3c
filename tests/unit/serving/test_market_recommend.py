"""Recommendations over HTTP when the stream, Kafka or PostgreSQL does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from tests.support.stores import nowhere
from weir.contracts.recommendation import Answer, Request
from weir.errors import PublishError, Unavailable
from weir.serving.market_recommend import RecommendDoor, add_market_recommendations
from weir.settings import Settings


class Stream:
    """Answers what it is told to, or fails with it."""

    def __init__(self, outcome: Answer | Exception | None) -> None:
        self.outcome = outcome
        self.asked: list[Request] = []

    def ask(self, request: Request) -> Answer | None:
        self.asked.append(request)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def served(folder: Path, *streams: Stream) -> TestClient:
    """The endpoint over streams that are opened one after the other; PostgreSQL is away."""
    settings = nowhere(Settings(_env_file=None, home=folder), folder)
    waiting = list(streams)
    app = FastAPI()
    app.add_exception_handler(Unavailable, in_words)
    add_market_recommendations(app, RecommendDoor(settings, lambda: waiting.pop(0)))
    return TestClient(app)


def in_words(_: object, error: Exception) -> JSONResponse:
    """As the application does it."""
    assert isinstance(error, Unavailable)
    return JSONResponse({"what": error.what}, 503)


def test_without_an_answer_in_time_there_are_no_recommendations(tmp_path: Path):
    """Neither old ones nor popular ones: nobody has looked at the ban list for them."""
    stream = Stream(None)
    found = served(tmp_path, stream).get("/market/recommendations?user=anna&max_price=100&limit=3")
    assert (found.status_code, found.json()) == (
        503,
        {"what": "the stream gave no answer in time"},
    )
    (request,) = stream.asked
    assert (request.user, str(request.max_price), request.limit) == ("anna", "100", 3)


def test_an_answer_that_cannot_be_compared_with_the_bans_is_not_shown(tmp_path: Path):
    """PostgreSQL away: it may hold what was banned a second ago."""
    answer = Answer(correlation_id="c", answered_at_ms=1, deadline_ms=2, user=None, items=())
    found = served(tmp_path, Stream(answer)).get("/market/recommendations")
    assert found.status_code == 503
    assert "PostgreSQL does not answer" in found.json()["what"]


def test_a_broken_connection_to_kafka_is_made_anew_by_the_next_request(tmp_path: Path):
    """A producer that failed once never works again."""
    broken, whole = Stream(PublishError("not confirmed")), Stream(None)
    client = served(tmp_path, broken, whole)
    assert client.get("/market/recommendations").json() == {"what": "not confirmed"}
    assert client.get("/market/recommendations").json()["what"].startswith("the stream gave no")
    assert client.get("/market/recommendations").status_code == 503
    assert (len(broken.asked), len(whole.asked)) == (1, 2)


@pytest.mark.parametrize("words", ["max_price=cheap", "limit=0", "limit=51", "user=%20"])
def test_nonsense_is_refused_before_anybody_is_asked(tmp_path: Path, words: str):
    """The asker is told, not the dead letters."""
    stream = Stream(None)
    found = served(tmp_path, stream).get(f"/market/recommendations?{words}")
    assert (found.status_code, stream.asked) == (422, [])
