"""Old rows and folders go, everything else stays; on a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.stores import own_database
from weir.errors import WeirError
from weir.ops import housekeeping
from weir.ops.housekeeping import Outcome, clean, list_chores, refuse_errors, survey
from weir.ops.retention import RETENTIONS
from weir.settings import Settings
from weir.store.partitions import PARTITIONED, Partitioned, create_partitions, missing_partitions
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
NOW = datetime.now(UTC)


@pytest.fixture
def own(platform: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A database and a data folder of the test's own, without Airflow."""
    with own_database(platform, tmp_path) as settings:
        yield settings.model_copy(update={"home": tmp_path / "home", "airflow": False})


def numbers(outcomes: list[Outcome]) -> dict[str, int]:
    return {outcome.chore: outcome.number for outcome in outcomes if outcome.number}


def rows(settings: Settings, table: str) -> int:
    with connect(settings.dsn_file, application_name="test") as connection:
        row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def fill(settings: Settings) -> None:
    """For each rule one row that is too old and one that is young enough; and a hopeless gap."""
    with connect(settings.dsn_file, application_name="test") as connection:
        connection.execute("insert into ops.stream (stream, driver_id) values ('s', 'driver-now')")
        for days in (366, 364):
            connection.execute(
                "insert into ops.audit (at, who, via, action, subject)"
                " values (now() - make_interval(days => %s), 'a', 'cli', 'x', 'y')",
                [days],
            )
        for days in (91, 89):
            connection.execute(
                "insert into market.search_hour"
                " (hour, query, searches, empty_searches, last_found, last_at)"
                " values (now() - make_interval(days => %s), 'q', 1, 0, 1, now())",
                [days],
            )
        for days, batch in ((8, 1), (6, 2)):
            connection.execute(
                "insert into ops.stream_progress (stream, query, ended_at, epoch, batch_id, rows,"
                " refused, duration_ms, offsets)"
                " values ('s', 'q', now() - make_interval(days => %s), 1, %s, 0, 0, 0, '{}')",
                [days, batch],
            )
        for state, days in (("done", 91), ("done", 89), ("open", None)):
            connection.execute(
                "insert into ops.operation (stream, verb, step, owner, state, ended_at)"
                " values ('s', 'drain', 'x', 'o', %s, now() - make_interval(days => %s))",
                [state, days],
            )
        for driver, days in (("driver-old", 91), ("driver-now", 91)):
            connection.execute(
                "insert into ops.stream_submission values"
                " (%s, 's', 't', 'me', now() - make_interval(days => %s))",
                [driver, days],
            )
        for days in (181, 179):
            connection.execute(
                "insert into ops.dead_letter (dedupe_key, topic, refused_by, reason, first_seen)"
                " values (%s, 't', 'x', 'y', now() - make_interval(days => %s))",
                [str(days), days],
            )
        connection.execute(
            "insert into ops.gap (source, mode, starts_at, ends_at, state, reason, found_at)"
            " values ('s', 'live', '2020-01-01Z', '2020-01-02Z', 'permanent', 'x', '2020-01-02Z')"
        )


def aside(settings: Settings, name: str, days_old: int) -> Path:
    folder = settings.home / "checkpoints" / name
    folder.mkdir(parents=True)
    file = folder / "offsets"
    file.write_text("x")
    written = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(file, (written, written))
    return folder


EXPECTED = {
    "ops.stream_progress": 1,
    "ops.operation": 1,
    "ops.stream_submission": 1,
    "ops.dead_letter": 1,
    "ops.audit": 1,
    "market.search_hour": 1,
    "checkpoints set aside": 1,
}


def test_looking_counts_and_cleaning_removes_exactly_that(own: Settings):
    """An open operation, the newest submission and a permanent gap stay however old."""
    fill(own)
    old, young = aside(own, "s.aside-1", 8), aside(own, "s.aside-2", 6)
    chores = [chore for chore in list_chores(own, NOW) if chore.name != "Spark work folders"]
    assert numbers(survey(chores)) == EXPECTED
    assert numbers(survey(chores)) == EXPECTED
    assert numbers(clean(own, chores, changed_by="tester")) == EXPECTED
    assert numbers(survey(chores)) == {}
    assert (old.exists(), young.exists()) == (False, True)
    left = {kept.table: rows(own, kept.table) for kept in RETENTIONS}
    assert left == {
        "ops.stream_progress": 1,
        "ops.operation": 2,
        "ops.stream_submission": 1,
        "ops.stream_start": 0,
        "ops.dead_letter": 1,
        "ops.audit": 2,  # the young one, and who cleaned
        "market.search_hour": 1,
    }
    assert rows(own, "ops.gap") == 1


def test_a_master_that_does_not_answer_keeps_every_work_folder(own: Settings):
    """Nobody knows what lives; the other chores are done, and the run is red."""
    fill(own)
    away = own.model_copy(update={"spark_master_ui": "http://127.0.0.1:1"})
    outcomes = clean(away, list_chores(away, NOW), changed_by="tester")
    assert [outcome.chore for outcome in outcomes if outcome.error] == ["Spark work folders"]
    assert numbers(outcomes)["ops.audit"] == 1
    with pytest.raises(WeirError, match=r"Spark work folders .*does not answer"):
        refuse_errors(outcomes)


def test_partitions_are_made_ahead_and_only_once(own: Settings, monkeypatch):
    """The first row of a new month must find its place."""
    with connect(own.dsn_file, application_name="test") as connection:
        connection.execute("create table ops.t (at timestamptz) partition by range (at)")
        table = Partitioned(table="ops.t", every="month", ahead=2)
        monkeypatch.setattr(housekeeping, "PARTITIONED", (table,))
        (chore,) = (c for c in list_chores(own, NOW) if c.name == "ops.t")
        assert (chore.count(), chore.do(), chore.count(), chore.do()) == (3, 3, 0, 0)
        connection.execute("insert into ops.t values (now()), (now() + interval '32 days')")
    assert missing_partitions(own, table, NOW.date()) == []
    assert create_partitions(own, table, NOW.date() + timedelta(days=32)) >= 1


def test_every_partitioned_table_is_declared(own: Settings):
    """One that is forgotten refuses its first row some month later."""
    with connect(own.dsn_file, application_name="test") as connection:
        found = connection.execute(
            "select format('%s.%s', relnamespace::regnamespace, relname)"
            " from pg_partitioned_table join pg_class on oid = partrelid"
        ).fetchall()
    assert {row[0] for row in found} == {table.table for table in PARTITIONED}
