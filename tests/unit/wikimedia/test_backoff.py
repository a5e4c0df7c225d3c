"""How long to wait, and what to say."""

from datetime import UTC, datetime

import pytest

from weir.sources.wikimedia.backoff import Ended, full_jitter, judge_end, parse_retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def judge(ended: Ended, attempt: int = 0):
    return judge_end(ended, attempt, 1.0, NOW)


def test_the_limit_doubles_up_to_a_minute():
    """A site that is down must not be hammered, nor forgotten."""
    assert [full_jitter(n, 1.0) for n in (0, 1, 2, 6, 7, 500)] == [0.5, 1, 2, 32, 60, 60]


def test_the_jitter_is_full():
    """Clients that were cut together must not come back together."""
    assert (full_jitter(3, 0.0), full_jitter(3, 0.25)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("999999", 3600.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None):
    """Both forms are in the standard; nonsense must not stop the collector."""
    assert parse_retry_after(text, NOW) == seconds


def test_a_cut_after_events_is_normal_and_resumes_at_once():
    """The edge cuts every connection after a quarter of an hour."""
    reaction = judge(Ended(what="cut", events=5), attempt=9)
    assert (reaction.wait_seconds, reaction.resets_attempts) == (0.5, True)


def test_a_connection_that_brought_nothing_waits_longer_each_time():
    """An accepting but silent server is a broken server."""
    assert judge(Ended(what="cut", events=0), attempt=4).wait_seconds == 8.0


def test_429_waits_as_long_as_the_server_asks():
    """Coming back earlier extends the ban."""
    reaction = judge(Ended(what="", status=429, retry_after="42"))
    assert reaction.wait_seconds == 42
    assert "429" in reaction.message
    assert judge(Ended(what="", status=429)).wait_seconds == 10.5


def test_403_names_the_setting_that_a_person_must_set():
    """Trying again does not help until somebody acts."""
    reaction = judge(Ended(what="", status=403))
    assert "WEIR_WIKIMEDIA_CONTACT" in reaction.message
    assert reaction.wait_seconds == 300


def test_a_refused_position_is_asked_for_by_time():
    """The server may not know a data centre that we remember."""
    reaction = judge(Ended(what="", status=400, had_position=True))
    assert reaction.use_since
    assert reaction.wait_seconds == 0.5


@pytest.mark.parametrize("status", [400, 404, 301])
def test_a_wrong_address_names_its_setting(status: int):
    """Without a position in the request, 400 means an unknown stream."""
    reaction = judge(Ended(what="", status=status))
    assert "WEIR_WIKIMEDIA_URL" in reaction.message
    assert not reaction.use_since


def test_a_server_error_waits_at_least_as_long_as_asked():
    """503 comes with Retry-After during maintenance."""
    assert judge(Ended(what="", status=503, retry_after="20")).wait_seconds == 20
    assert judge(Ended(what="", status=500), attempt=3).wait_seconds == 4
