"""How the collector behaves as a service: bad input, PostgreSQL away, stop, refusals."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psycopg
import pytest

from tests.integration.wikimedia.test_collector_exactly_once import fresh_topics, published_ids
from tests.support.collector_process import (
    collector_command,
    collector_environment,
    supervised_collector,
)
from tests.support.eventually import eventually
from tests.support.wikimedia_sample import recent_source, running_sample, sent_ids
from weir.clock import utc_now
from weir.kafka.dead_letters import DeadLetter
from weir.kafka.reader import read_range
from weir.settings import REPO, Settings
from weir.sources.wikimedia.heartbeat import Heartbeat, LetterBox
from weir.sources.wikimedia.status import Status
from weir.store.collectors import CollectorRow, fetch_collectors, upsert_collector
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


@pytest.fixture
def database(platform: Settings) -> Iterator[psycopg.Connection]:
    with connect(platform.dsn_file, application_name="weir:test") as connection:
        yield connection


def row_of(database: psycopg.Connection, name: str = "wikimedia") -> CollectorRow | None:
    found = [row for row in fetch_collectors(database) if row.collector == name]
    return found[0] if found else None


def stored_letters(database: psycopg.Connection, topic: str) -> dict[bytes, str]:
    rows = database.execute(
        "select value, reason from ops.dead_letter where topic = %s", (topic,)
    ).fetchall()
    return {bytes(value): reason for value, reason in rows}


def test_bad_input_is_kept_with_its_reason_and_collecting_goes_on(
    platform: Settings, database: psycopg.Connection, tmp_path: Path
):
    """Bad input never stops a stream and never vanishes."""
    topic = fresh_topics(platform)
    mark = uuid.uuid4().hex  # the same bytes from an earlier run are the same letter
    large = {"meta": {"id": f"{mark}-large", "domain": "x.org"}, "x": "y" * 300_000}
    huge = {"meta": {"id": f"{mark}-huge", "domain": "x.org"}, "x": "y" * 3_000_000}
    bad = {
        f'{{"meta": {{"id": "{mark}': "not JSON",
        f'["{mark}"]': "an array",
        f'{{"meta": {{"domain": "{mark}"}}}}': "no meta.id",
        f'{{"\\u0000": "{mark}"}}': "no meta",
        orjson.dumps(huge).decode(): "too large",
    }
    odd = [
        f'{{"meta": {{"id": "{mark}-no-domain"}}}}',
        f'{{"meta": {{"id": "{mark}-year", "domain": "x.org", "dt": "99999-01-01T00:00:00Z"}}}}',
        f'{{"meta": {{"id": "{mark}-nul", "domain": "a\\u0000b"}}}}',
        orjson.dumps(large).decode(),
    ]
    source = recent_source(500, rate=50.0)
    with running_sample(
        source,
        total=500,
        cuts=2,
        cut_after_events=300,
        inject=[*bad, *odd],
        inject_lines=["%%% garbage"],
        refusals=1,
        refuse_status=429,
        retry_after="1",
    ) as sample:
        environment = collector_environment(platform, url=sample.url, topic=topic)
        with supervised_collector(environment, tmp_path / "collector.log") as collector:
            eventually(lambda: len(published_ids(platform, topic)), lambda n: n >= 499 + len(odd))
            eventually(lambda: stored_letters(database, topic), lambda found: len(found) >= 5)
            assert collector.end() == 0
    assert collector.exit_codes == [0]
    assert "429: too many connections" in collector.log
    ids = [text_id for text_id in published_ids(platform, topic) if not text_id.startswith(mark)]
    assert ids == sorted(sent_ids(source, 500))
    assert sorted(m.value for m in read_range(platform, topic) if mark.encode() in m.value) == (
        sorted(text.encode() for text in odd)
    )
    letters = stored_letters(database, topic)
    assert letters.keys() == {text.encode() for text in bad}
    assert [reason for text, reason in bad.items() if reason not in letters[text.encode()]] == []
    in_topic = [message.value for message in read_range(platform, f"{topic}.dlq")]
    assert sorted(in_topic) == sorted(letters)


def test_a_stop_leaves_a_row_that_says_so(
    platform: Settings, database: psycopg.Connection, tmp_path: Path
):
    """People look at ops.collector to see whether a quiet topic is a stopped collector."""
    topic = fresh_topics(platform)
    source = recent_source(50)
    with running_sample(source, total=50) as sample:
        environment = collector_environment(platform, url=sample.url, topic=topic)
        with supervised_collector(environment, tmp_path / "collector.log") as collector:
            eventually(lambda: row_of(database), lambda row: row is not None and row.events == 50)
            streaming = row_of(database)
            assert collector.end() == 0
    stopped = row_of(database)
    assert streaming is not None
    assert stopped is not None
    assert (streaming.state, stopped.state) == ("streaming", "stopped")
    assert stopped.mode == "sample"
    assert stopped.cursor is not None
    assert stopped.cursor_time == datetime.fromtimestamp(source.timestamp_ms(49) / 1000, UTC)


def test_collecting_goes_on_without_postgresql(platform: Settings, tmp_path: Path):
    """The truth of a collector is in Kafka; its row is a copy for people."""
    topic = fresh_topics(platform)
    source = recent_source(200)
    with running_sample(source, total=200) as sample:
        environment = collector_environment(
            platform, url=sample.url, topic=topic, WEIR_POSTGRES_DSN_FILE=str(tmp_path / "none")
        )
        with supervised_collector(environment, tmp_path / "collector.log") as collector:
            eventually(lambda: len(published_ids(platform, topic)), lambda n: n == 200)
            assert collector.end() == 0
    assert collector.log.count("PostgreSQL is away; collecting goes on") == 1


def test_dead_letters_wait_for_postgresql(
    platform: Settings, database: psycopg.Connection, tmp_path: Path
):
    """A restart of the database must not lose the reason of a refusal."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    dsn_file, letters = tmp_path / "dsn", LetterBox()
    heartbeat = Heartbeat(
        collector=name,
        mode="sample",
        dsn_file=dsn_file,
        status=Status(clock=utc_now, started_at=utc_now()),
        letters=letters,
        clock=utc_now,
    )
    letters.add([DeadLetter(topic=name, refused_by=name, reason="r", value=b"v", source=name)])
    assert not heartbeat.beat()
    dsn_file.write_text(platform.dsn_file.read_text())
    dsn_file.chmod(0o600)
    assert heartbeat.beat()
    assert stored_letters(database, name) == {b"v": "r"}
    assert len(letters) == 0
    assert row_of(database, name) is not None


def test_kafka_away_ends_the_collector_with_the_address_and_a_way_out(
    platform: Settings, database: psycopg.Connection
):
    """A person must see at once what is missing."""
    environment = collector_environment(platform, url="http://127.0.0.1:9/", topic="t")
    done = subprocess.run(
        collector_command(),
        env=environment | {"WEIR_KAFKA_BOOTSTRAP": "127.0.0.1:9"},
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 3
    assert "weir: Kafka does not answer at 127.0.0.1:9" in done.stderr
    assert "WEIR_KAFKA_BOOTSTRAP" in done.stderr
    assert "Traceback" not in done.stderr
    row = row_of(database)
    assert row is not None
    assert (row.state, (row.last_error or "")[:21]) == ("stopped", "Kafka does not answer")


def test_a_restarted_collector_keeps_what_it_does_not_know_yet(database: psycopg.Connection):
    """The last error and the cursor are most wanted right after a crash."""
    name, now = f"test-{uuid.uuid4().hex[:8]}", utc_now()
    first = CollectorRow(
        collector=name,
        mode="sample",
        state="streaming",
        started_at=now,
        heartbeat_at=now,
        cursor={"positions": []},
        events=7,
        last_error="429",
        last_error_at=now,
    )
    upsert_collector(database, first)
    upsert_collector(database, first)
    assert row_of(database, name) == first
    again = replace(first, state="connecting", events=0, cursor=None, last_error=None)
    upsert_collector(database, again)
    assert row_of(database, name) == replace(first, state="connecting", events=0)
