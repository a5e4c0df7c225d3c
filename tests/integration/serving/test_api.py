"""The API over real stores, with one after another taken away."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from confluent_kafka import Producer
from fastapi.testclient import TestClient

from tests.support.eventually import eventually
from weir.serving.api import create_app
from weir.serving.metric_names import DECLARED, Metric
from weir.serving.parts import build_parts

pytestmark = pytest.mark.platform

ALL_DOMAINS = [("de.wikipedia.org", 15, 14, 13), ("fr.wikipedia.org", 3, 3, 0)]


@pytest.fixture
def now(last_minute):
    """The clock stands still, so that no minute begins in the middle of a test."""
    return last_minute + timedelta(seconds=90)


@pytest.fixture
def api_of(now):
    """The API over the given settings."""
    return lambda settings: TestClient(create_app(build_parts(settings), clock=lambda: now))


@pytest.fixture
def api(settings, api_of):
    with api_of(settings) as client:
        yield client


def stats(api, **asked):
    answer = api.get("/stats", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(answer):
    return [(d["domain"], d["changes"], d["edits"], d["bot_edits"]) for d in answer["domains"]]


def nowhere(settings, tmp_path):
    """Settings whose PostgreSQL does not answer."""
    dsn_file = tmp_path / "nowhere.dsn"
    dsn_file.touch(mode=0o600)
    dsn_file.write_text("host=127.0.0.1 port=1 user=nobody dbname=none")
    return settings.model_copy(update={"postgres_dsn_file": dsn_file})


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


def test_every_declared_metric_is_really_given(api, counted, connection):
    """A rule on a metric that never comes is silent for ever."""
    fill_every_table(connection)
    stats(api)
    names = {metric.value.removesuffix("_total") for metric in DECLARED}
    # Airflow's are read from its own database; tests/integration/airflow sees them.
    expected = {name for name in names if not name.startswith("weir_airflow_")}

    def given():
        helps = (line for line in api.get("/metrics").text.splitlines() if "HELP" in line)
        found = {line.split()[2].removesuffix("_total") for line in helps}
        return {name for name in found if not name.startswith("weir_airflow_")}

    eventually(given, lambda found: found == expected, within_seconds=10)


def test_a_stream_without_a_batch_is_as_old_as_its_start(api, counted, connection):
    """Without an age the alert on a standstill could not see it."""
    stream, query = "wikimedia_domain_counts", "counts"
    connection.execute("truncate ops.stream cascade")
    connection.execute("insert into ops.stream (stream) values (%s)", [stream])
    connection.execute(
        "insert into ops.stream_lease (stream, epoch, owner, taken_at)"
        " values (%s, 1, 'x', clock_timestamp() - interval '100 seconds')",
        [stream],
    )
    assert 100 <= batch_age(api, stream, query) < 150
    submit = "update ops.stream set submitted_at = clock_timestamp() - interval '300 seconds'"
    connection.execute(submit)
    assert 300 <= batch_age(api, stream, query) < 350
    text = api.get("/metrics").text
    for absent in (Metric.STREAM_BATCH_SECONDS, Metric.STREAM_EVENT_AGE):
        assert f"{absent}{{" not in text, absent


def test_the_age_of_a_batch_counts_from_its_end(api, counted, connection):
    """The start of the stream says nothing any more then."""
    fill_every_table(connection)
    connection.execute("update ops.stream set submitted_at = now() - interval '1 hour'")
    assert batch_age(api, "wikimedia_domain_counts", "counts") < 50


def test_without_postgres_the_metrics_say_so_and_the_rest_is_given(
    api_of, settings, counted, tmp_path
):
    """The alert on PostgreSQL must not need PostgreSQL."""
    with api_of(nowhere(settings, tmp_path)) as api:
        text = api.get("/metrics").text
    assert 'weir_service_up{service="postgres"} 0.0' in text
    assert 'weir_service_up{service="redis"} 1.0' in text
    assert Metric.WIKIMEDIA_EDITS not in text


def test_a_table_that_is_locked_costs_its_own_metrics_only(api, counted, connection):
    """A migration that rewrites one table must not look like a PostgreSQL that is away."""
    fill_every_table(connection)
    with connection.transaction():
        connection.execute("lock table wikimedia.domain_total in access exclusive mode")
        text = api.get("/metrics").text
    assert 'weir_service_up{service="postgres"} 1.0' in text
    assert Metric.WIKIMEDIA_EDITS not in text
    assert f"{Metric.COLLECTOR_EVENTS}{{" in text


def test_an_empty_cache_is_behind_by_everything_that_was_counted(api, counted, server):
    """Redis is up then, so only this metric can tell."""
    server.kill()
    server.start()
    text = api.get("/metrics").text
    assert 'weir_service_up{service="redis"} 1.0' in text
    assert "weir_wikimedia_cache_behind_messages 5.0" in text


def test_paths_that_do_not_exist_do_not_become_labels(api):
    """A scanner asks for thousands of them."""
    api.get("/wp-admin")
    text = api.get("/metrics").text
    assert "wp-admin" not in text
    assert 'weir_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in text


def test_the_description_holds_the_schema_of_the_answer(api):
    """Other people generate their clients from it."""
    described = api.get("/openapi.json").json()
    schema = described["paths"]["/stats"]["get"]["responses"]["200"]["content"]["application/json"]
    assert schema["schema"] == {"$ref": "#/components/schemas/Stats"}


def batch_age(api, stream, query):
    """The metric, which must be there."""
    name = f'{Metric.STREAM_BATCH_AGE}{{query="{query}",stream="{stream}"}} '
    (line,) = [line for line in api.get("/metrics").text.splitlines() if line.startswith(name)]
    return float(line.split()[-1])


def fill_every_table(connection):
    """One row where a metric reads."""
    stream = "wikimedia_domain_counts"
    for statement in (
        """insert into ops.collector (collector, mode, state, started_at, heartbeat_at,
             last_event_at) values ('wikimedia', 'sample', 'streaming', now(), now(), now())""",
        f"insert into ops.stream (stream) values ('{stream}') on conflict do nothing",
        f"""insert into ops.stream_lease (stream, epoch, owner) values ('{stream}', 1, 'here:1')
            on conflict (stream) do update set epoch = 1, owner = 'here:1'""",
        f"""insert into ops.stream_heartbeat (stream, epoch, beat, heartbeat_at, started_at,
              last_batch)
            values ('{stream}', 1, 1, now(), now(), '{{"group_commit_failures": 0}}')
            on conflict (stream) do update set epoch = 1, last_batch = excluded.last_batch""",
        f"""insert into ops.stream_progress (stream, query, epoch, batch_id, rows, refused,
              duration_ms, offsets, event_time_max, probe_ms)
            values ('{stream}', 'counts', 1, 1, 5, 0, 10, '{{}}', now(), 800)""",
        """insert into ops.dead_letter (dedupe_key, topic, refused_by, reason)
           values ('t/0/0', 't', 'x', 'y') on conflict do nothing""",
    ):
        connection.execute(statement)
