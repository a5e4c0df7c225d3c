"""Every answer of the API that is not counts becomes an error in words."""

from __future__ import annotations

import socket

import httpx
import pytest

from weir.contracts.stats import Bots
from weir.errors import SettingError, Unavailable, WeirError
from weir.sources.wikimedia.stats_client import fetch_stats, stats_from


def answer(status, **body):
    return httpx.Response(status, request=httpx.Request("GET", "http://api/stats"), **body)


@pytest.mark.parametrize(
    ("response", "error", "words"),
    [
        (answer(503, json={"what": "both away", "hint": "weir status"}), Unavailable, "both away"),
        (answer(422, json={"detail": "window is 'x'"}), SettingError, "window is 'x'"),
        (answer(422, json={"detail": [{"msg": "too large"}]}), SettingError, "too large"),
        (answer(500, text="oops"), Unavailable, "answered 500"),
        (answer(200, json={"hello": "world"}), WeirError, "not the API of this version"),
        (answer(200, text="<html>"), WeirError, "not the API of this version"),
    ],
)
def test_other_answers_are_errors_that_say_what_to_do(response, error, words):
    """Something else may listen on that port."""
    with pytest.raises(error, match=words):
        stats_from(response)


def test_an_api_that_is_away_is_unavailable_with_its_address(unused_port):
    """The person sees where it was looked for."""
    url = f"http://127.0.0.1:{unused_port}"
    with pytest.raises(Unavailable, match=rf"does not answer at {url}/stats"):
        fetch_stats(url, limit=1, bots=Bots.INCLUDE)


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
