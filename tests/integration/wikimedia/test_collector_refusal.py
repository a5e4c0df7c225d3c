"""A collector that must not start changes nothing that others rely on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.integration.wikimedia.test_collector_exactly_once import fresh_topics
from tests.support.collector_process import collector_command, collector_environment
from tests.support.stores import own_database
from weir.clock import utc_now
from weir.kafka.transactional import TransactionalPublisher
from weir.platform.layout import Layout
from weir.platform.services import collector
from weir.settings import Settings
from weir.sources.wikimedia.cursor import Positions
from weir.store.collectors import CollectorRow, fetch_collectors, upsert_collector
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
STORED_AND_ASKED = [("sample", "live"), ("live", "sample")]


@pytest.fixture
def own(platform: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A database and a topic of the test's own."""
    topic = fresh_topics(platform)
    with own_database(platform, tmp_path) as settings:
        yield settings.model_copy(update={"wikimedia_topic": topic})


@pytest.fixture
def database(own: Settings) -> Iterator[psycopg.Connection]:
    with connect(own.dsn_file, application_name="weir:test") as connection:
        yield connection


def row_of(mode: str, pid: int | None = None) -> CollectorRow:
    now = utc_now()
    return CollectorRow(
        collector="wikimedia",
        mode=mode,
        state="streaming",
        started_at=now,
        heartbeat_at=now,
        pid=pid,
    )


def publisher_of(own: Settings, mode: str) -> TransactionalPublisher:
    """The collector whose events of `mode` are stored."""
    publisher = TransactionalPublisher(own, "wikimedia")
    publisher.start()
    publisher.commit([], Positions().as_cursor(mode))
    return publisher


def start_in(own: Settings, mode: str) -> subprocess.CompletedProcess[str]:
    environment = collector_environment(
        own,
        url="http://127.0.0.1:9/",
        topic=own.wikimedia_topic,
        WEIR_WIKIMEDIA_MODE=mode,
        WEIR_WIKIMEDIA_CONTACT="test@example.org",
    )
    command = collector_command("--for", "5s")
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("stored", "asked"), STORED_AND_ASKED)
def test_a_refused_start_keeps_the_mode_of_what_is_stored(
    own: Settings, database: psycopg.Connection, stored: str, asked: str
):
    """Answers name the mode of the counts, not the one that somebody asked for."""
    publisher_of(own, stored)
    upsert_collector(database, row_of(stored))
    done = start_in(own, asked)
    assert done.returncode == 4, done.stderr
    (row,) = fetch_collectors(database)
    assert (row.mode, row.state) == (stored, "stopped")
    assert row.last_error == f"the topic holds {stored} events, the collector is set to {asked}"
    assert not collector(Layout(own), "wikimedia").healthy()


def test_a_refused_start_by_hand_leaves_the_service_alone(
    own: Settings, database: psycopg.Connection
):
    """Fencing it first would stop good work for a start that does none."""
    service = publisher_of(own, "sample")
    working = row_of("sample", pid=os.getpid())
    upsert_collector(database, working)
    assert start_in(own, "live").returncode == 4
    assert fetch_collectors(database) == [working]
    assert collector(Layout(own), "wikimedia").healthy()
    service.commit([], Positions().as_cursor("sample"))


def test_an_error_that_is_over_is_no_longer_shown(database: psycopg.Connection):
    """Whoever reads it would look for a trouble that there is not."""
    failed = replace(row_of("sample"), state="stopped", last_error="429", last_error_at=utc_now())
    upsert_collector(database, failed)
    again = row_of("sample")
    upsert_collector(database, replace(again, state="connecting"))
    assert fetch_collectors(database)[0].last_error == "429"
    upsert_collector(database, again)
    (row,) = fetch_collectors(database)
    assert (row.last_error, row.last_error_at) == (None, None)
