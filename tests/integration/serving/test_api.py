"""The API over real stores, with one after another taken away."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from confluent_kafka import Producer

from tests.support.eventually import eventually
from tests.support.stores import nowhere

pytestmark = pytest.mark.platform

ALL_DOMAINS = [("de.wikipedia.org", 15, 14, 13), ("fr.wikipedia.org", 3, 3, 0)]


def stats(api, **asked):
    answer = api.get("/stats", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(answer):
    return [(d["domain"], d["changes"], d["edits"], d["bot_edits"]) for d in answer["domains"]]


def test_counts_are_served_from_redis_with_their_offsets(api, counted, settings):
    """The everyday case."""
    answer = stats(api)
    assert rows(answer) == ALL_DOMAINS
    assert answer["totals"] == {"domains": 2, "changes": 18, "edits": 17, "bot_edits": 13}
    assert answer["offsets"] == {settings.wikimedia_topic: {"0": 4, "1": 1}}
    assert (answer["served_from"], answer["reason"]) == ("redis", None)
    assert answer["source"]["mode"] == "sample"


def test_without_redis_the_same_counts_come_from_postgres_which_is_said(api, counted, server):
    """The cache is a comfort, not a need."""
    expected = stats(api)
    server.kill()
    answer = stats(api)
    assert answer["served_from"] == "postgres"
    assert answer["reason"].startswith("Redis does not answer")
    same = ("domains", "totals", "offsets", "as_of", "window", "bots")
    assert {name: answer[name] for name in same} == {name: expected[name] for name in same}


def test_a_redis_that_came_back_empty_is_not_believed(api, counted, server, cache, connection):
    """An empty answer would look like a source without edits."""
    server.kill()
    server.start()
    assert rows(stats(api)) == ALL_DOMAINS
    assert stats(api)["reason"] == "the cache is empty"
    cache.rebuild(connection, "1:1")
    assert stats(api)["served_from"] == "redis"


def test_without_postgres_the_counts_still_come_from_redis(api_of, settings, counted, tmp_path):
    """A restart of PostgreSQL is not seen on the dashboard."""
    with api_of(nowhere(settings, tmp_path)) as api:
        assert rows(stats(api)) == ALL_DOMAINS
        health = eventually(
            lambda: api.get("/healthz").json(), lambda h: "answer" in h["services"]["postgres"]
        )
        assert health["status"] == "degraded"


def test_without_both_stores_the_answer_is_503_in_words(
    api_of, settings, counted, server, tmp_path
):
    """Zero would be a lie; a stack trace helps nobody."""
    with api_of(nowhere(settings, tmp_path)) as api:
        server.kill()
        answer = api.get("/stats")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "PostgreSQL does not answer" in answer.json()["what"]
        assert "Redis does not answer" in answer.json()["what"]
        assert answer.json()["hint"].startswith("weir status")
        health = eventually(
            lambda: api.get("/healthz"), lambda h: "answer" in h.json()["services"]["postgres"]
        )
        assert (health.status_code, health.json()["status"]) == (503, "down")


def test_a_missing_dsn_file_is_503_in_words_too(api_of, settings, counted, server, tmp_path):
    """The data folder was deleted under a running API."""
    gone = settings.model_copy(update={"postgres_dsn_file": tmp_path / "gone.dsn"})
    with api_of(gone) as api:
        server.kill()
        answer = api.get("/stats")
        assert answer.status_code == 503
        assert "gone.dsn cannot be read" in answer.json()["what"]


def test_a_window_longer_than_the_cache_keeps_comes_from_postgres(api, counted):
    """Redis keeps two hours, PostgreSQL everything."""
    short, long = stats(api, window="5m"), stats(api, window="4h")
    assert (short["served_from"], long["served_from"]) == ("redis", "postgres")
    assert rows(short) == [("de.wikipedia.org", 5, 4, 3), ("fr.wikipedia.org", 3, 3, 0)]
    assert rows(long) == ALL_DOMAINS
    assert long["reason"].startswith("the cache keeps windows from")


def test_one_minute_can_be_asked_for_by_its_start(api, counted, last_minute):
    """So that a program can walk through the minutes."""
    old = last_minute - timedelta(hours=3)
    answer = stats(api, window=old.isoformat())
    assert rows(answer) == [("de.wikipedia.org", 10, 10, 10)]
    assert datetime.fromisoformat(answer["window"]["start"]) == old


@pytest.mark.parametrize(
    "asked", [{"window": "5x"}, {"bots": "maybe"}, {"limit": 0}, {"limit": "many"}]
)
def test_a_question_that_makes_no_sense_is_refused(api, asked):
    """With 422, not with an answer to another question."""
    assert api.get("/stats", params=asked).status_code == 422


def test_the_lag_is_the_distance_to_the_end_of_the_topic(api, now, counted, settings, connection):
    """Offsets 4 and 1 are counted; the topic ends at 6 and 2."""
    producer = Producer({"bootstrap.servers": settings.bootstrap})
    for partition, messages in ((0, 6), (1, 2)):
        for _ in range(messages):
            producer.produce(settings.wikimedia_topic, b"{}", partition=partition)
    assert producer.flush(30) == 0
    connection.execute(
        """insert into ops.stream_progress (stream, query, epoch, batch_id, rows, refused,
             duration_ms, offsets, event_time_max)
           values ('wikimedia_domain_counts', 'counts', 1, 1, 5, 0, 10, '{}', %s)""",
        (now - timedelta(seconds=30),),
    )
    lag = eventually(lambda: stats(api)["lag"], lambda lag: lag["messages"] and lag["seconds"])
    assert lag == {"messages": 3, "seconds": 30.0, "unknown_because": None}


def test_without_kafka_the_lag_is_unknown_and_not_zero(api_of, settings, counted):
    """Nobody knows how far the topic went on."""
    away = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with api_of(away) as api:
        lag = eventually(
            lambda: stats(api)["lag"], lambda lag: "answer at" in (lag["unknown_because"] or "")
        )
        assert (lag["messages"], lag["seconds"]) == (None, None)


def test_the_mode_is_what_the_collector_collects(api, counted, connection):
    """The declaration may have changed since; the data has not."""
    connection.execute(
        """insert into ops.collector (collector, mode, state, started_at, heartbeat_at)
           values ('wikimedia', 'live', 'streaming', now(), now())"""
    )
    eventually(lambda: stats(api)["source"]["mode"], lambda mode: mode == "live")


def test_the_description_holds_the_schema_of_the_answer(api):
    """Other people generate their clients from it."""
    described = api.get("/openapi.json").json()
    schema = described["paths"]["/stats"]["get"]["responses"]["200"]["content"]["application/json"]
    assert schema["schema"] == {"$ref": "#/components/schemas/Stats"}
