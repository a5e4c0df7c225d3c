"""Asking, and telling one's own answer from all others."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.in_process import weir_here
from tests.support.market_shelf import NOON
from weir.contracts.recommendation import Answer, Request, answer_json, parse_request
from weir.errors import SettingError
from weir.market.recommend_ask import Waiting, new_request
from weir.settings import Settings

NOW_MS = int(NOON.timestamp() * 1000)


def answer(name: str, user: str | None = None, deadline_ms: int = NOW_MS + 1000) -> Answer:
    return Answer(
        correlation_id=name, answered_at_ms=NOW_MS, deadline_ms=deadline_ms, user=user, items=()
    )


def hand(waiting: Waiting, given: Answer) -> None:
    waiting.hand(given.correlation_id.encode(), answer_json(given))


def test_an_asker_gets_the_first_answer_of_its_own_id():
    """Others ask at the same time, and a restarted stream may answer twice."""
    waiting = Waiting(lambda: NOON)
    wait = waiting.expect("mine")
    hand(waiting, answer("another"))
    hand(waiting, answer("mine", "first"))
    hand(waiting, answer("mine", "second"))
    found = wait(0.0)
    assert found is not None
    assert found.user == "first"


def test_an_answer_that_comes_while_somebody_waits_wakes_them():
    """The usual way; a limit far away shows that nobody waits it out."""
    waiting = Waiting(lambda: NOON)
    wait = waiting.expect("mine")
    threading.Timer(0.02, hand, (waiting, answer("mine"))).start()
    assert wait(60.0) == answer("mine")


def test_an_answer_after_its_deadline_is_none():
    """Whatever it holds was allowed at another time."""
    waiting = Waiting(lambda: NOON + timedelta(seconds=2))
    wait = waiting.expect("mine")
    hand(waiting, answer("mine"))
    assert wait(0.0) is None


def test_what_is_no_answer_disturbs_nobody():
    """Other programs may write into the topic; nobody waits for what came too late either."""
    waiting = Waiting(lambda: NOON)
    wait = waiting.expect("mine")
    for value in (b"{", b"{}", b'{"v": 2}', b"null", None):
        waiting.hand(b"mine", value)
    waiting.hand(None, b"{}")
    waiting.hand(b"\xff", b"{}")
    hand(waiting, answer("mine"))
    assert wait(0.0) == answer("mine")
    hand(waiting, answer("mine"))


def test_a_request_is_what_the_stream_will_read():
    """With a new id each time, and a deadline from now on."""
    one, other = (
        new_request(
            clock=lambda: NOON,
            patience_seconds=1.5,
            user="anna",
            category="Электроника",
            max_price="30000",
            limit=3,
        )
        for _ in range(2)
    )
    assert one.correlation_id != other.correlation_id
    assert (one.asked_at_ms, one.deadline_ms) == (NOW_MS, NOW_MS + 1500)
    assert (one.user, one.category, one.max_price, one.limit) == (
        *("anna", "Электроника"),
        Decimal(30_000),
        3,
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"max_price": "cheap"}, "'cheap' is no price"),
        ({"max_price": "-1"}, "out_of_range: max_price"),
        ({"user": "x" * 201}, "too_long: user"),
        ({"patience_seconds": 7200}, "wrong_deadline"),
    ],
)
def test_what_the_stream_would_refuse_is_refused_before_it_is_sent(
    words: dict[str, object], complaint: str
):
    """A dead letter would be the only other answer."""
    with pytest.raises(SettingError, match=complaint):
        new_request(**words)  # type: ignore[arg-type]


def test_the_command_shows_what_it_would_ask():
    """Nothing is sent, so nothing needs to run."""
    words = ("--user", "anna", "--category", "Электроника", "--max-price", "30000", "--dry-run")
    printed = weir_here(Settings(_env_file=None), "market", "recommend", *words)
    asked = parse_request(printed.strip().encode())
    assert isinstance(asked, Request)
    assert (asked.user, asked.category, asked.max_price) == (
        *("anna", "Электроника"),
        Decimal(30_000),
    )
