"""What Prometheus reads of the API, with one store after another taken away."""

from __future__ import annotations

import pytest

from tests.support.eventually import eventually
from tests.support.stores import nowhere
from weir.serving.metric_names import DECLARED, Metric

pytestmark = pytest.mark.platform


def test_every_declared_metric_is_really_given(api, counted, connection):
    """A rule on a metric that never comes is silent for ever."""
    fill_every_table(connection)
    api.get("/stats").raise_for_status()
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
        """insert into ops.publication (stream, cluster_id, topic_id, published_seq,
             published_chunk, delay_seconds) values ('promo_join', 'c', 't', 1, 1, 0.1)
           on conflict do nothing""",
        """insert into market.archive_run (archive, began_at, succeeded_at)
           values ('market', now(), now()) on conflict do nothing""",
        "insert into market.answer_minute (minute) values (now()) on conflict do nothing",
    ):
        connection.execute(statement)
