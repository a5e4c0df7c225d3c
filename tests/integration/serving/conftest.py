"""Stores of a test's own, filled by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from tests.support.counting import count
from tests.support.stores import own_database, own_redis
from tests.support.topics import fresh_topic
from weir.serving.api import create_app
from weir.serving.parts import build_parts
from weir.store.postgres import connect
from weir.store.redis import connect_redis
from weir.store.wikimedia_cache import WikimediaCache

COUNTED_TABLES = "wikimedia.domain_minute, wikimedia.domain_total, ops.query_offset"


@pytest.fixture(scope="module")
def database(platform, tmp_path_factory):
    """Settings of the platform, with a database that only this module uses."""
    with own_database(platform, tmp_path_factory.mktemp("database")) as settings:
        yield settings


@pytest.fixture
def connection(database):
    """The database, with nothing counted."""
    with connect(database.dsn_file, application_name="test") as connection:
        connection.execute(f"truncate {COUNTED_TABLES}, ops.collector, ops.stream_progress")
        yield connection


@pytest.fixture
def server(tmp_path):
    """A Redis of the test's own."""
    with own_redis(tmp_path) as server:
        yield server


@pytest.fixture
def cache(server):
    """The cache in it, empty."""
    return WikimediaCache(connect_redis(server.url, None))


@pytest.fixture
def settings(database, server):
    """Settings of an API over these stores and a topic of its own."""
    topic = fresh_topic(database, partitions=2)
    return database.model_copy(update={"redis_url": server.url, "wikimedia_topic": topic})


@pytest.fixture
def last_minute():
    """The last complete minute of the clock."""
    return datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)


@pytest.fixture
def counted(connection, cache, settings, last_minute):
    """Two domains in the last minute, one of them three hours ago too; offsets 4 and 1."""
    rows = [
        (last_minute, "de.wikipedia.org", 5, 4, 3),
        (last_minute, "fr.wikipedia.org", 3, 3, 0),
        (last_minute - timedelta(hours=3), "de.wikipedia.org", 10, 10, 10),
    ]
    count(connection, rows, {settings.wikimedia_topic: {0: 4, 1: 1}})
    cache.rebuild(connection, "1:0")


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
