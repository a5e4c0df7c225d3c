"""`platform_migrate` on real stores: all that is missing, or nothing at all."""

from __future__ import annotations

import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.stores import own_database
from tests.support.topics import create_topic
from weir.errors import ContractError, WeirError
from weir.kafka.admin import fetch_actual
from weir.kafka.declared import TopicDeclaration
from weir.ops.migrate_plan import fetch_plan, migrate_platform
from weir.platform.layout import Layout
from weir.platform.postgres import Postgres
from weir.settings import Settings
from weir.store.migrate import MIGRATIONS, migration_lock
from weir.store.postgres import connect, read_dsn

pytestmark = pytest.mark.platform

GOOD = "-- migrate:up\ncreate table ops.rehearsed (a int);\n-- migrate:down\n"
HALF_WAY = (
    "-- migrate:up\ncreate table ops.half (a int);\n"
    "alter table ops.stream add column half int;\ninsert into ops.half values ('no number');\n"
    "-- migrate:down\n"
)


@pytest.fixture
def own(platform: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A database of the test's own, migrated."""
    with own_database(platform, tmp_path) as settings:
        yield settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped migrations, and room for more."""
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


def declared(partitions: int = 2) -> dict[str, TopicDeclaration]:
    name = f"test-{uuid.uuid4().hex[:12]}"
    empty = {"config": {}, "key": "", "value": "", "writers": (), "readers": ()}
    return {name: TopicDeclaration(name=name, partitions=partitions, **empty)}


def schema(settings: Settings) -> bytes:
    """The whole schema and the record of migrations, as bytes."""
    dump = Postgres(Layout(settings)).binaries / "pg_dump"
    dsn = read_dsn(settings.dsn_file)
    words = ["--restrict-key=same", "-d", dsn]
    structure = subprocess.run([dump, "-s", *words], capture_output=True, check=True).stdout
    record = subprocess.run(
        [dump, "-a", "-t", "schema_migrations", *words], capture_output=True, check=True
    ).stdout
    assert b"ops.stream" in structure
    return structure + record


def test_a_dry_run_changes_nothing(own: Settings, folder: Path):
    """People look first."""
    topics = declared()
    (folder / "20990101000001_add_rehearsed.sql").write_text(GOOD)
    before = schema(own)
    plan = fetch_plan(own, folder=folder, topics=topics)
    assert (plan.migrations, plan.topics) == (("20990101000001_add_rehearsed.sql",), (*topics,))
    assert schema(own) == before
    assert fetch_actual(own, topics) == {}


def test_what_is_missing_is_made_once(own: Settings, folder: Path):
    """Running it again must be harmless."""
    topics = declared()
    (folder / "20990101000001_add_rehearsed.sql").write_text(GOOD)
    assert migrate_platform(own, folder=folder, topics=topics).topics == (*topics,)
    assert b"ops.rehearsed" in schema(own)
    assert fetch_actual(own, topics).keys() == topics.keys()
    assert migrate_platform(own, folder=folder, topics=topics).empty


def test_a_file_that_fails_half_way_leaves_the_schema_byte_equal(own: Settings, folder: Path):
    """Also when a good file stands before it; and no topic is made either."""
    topics = declared()
    (folder / "20990101000001_add_rehearsed.sql").write_text(GOOD)
    (folder / "20990101000002_break_half_way.sql").write_text(HALF_WAY)
    before = schema(own)
    with pytest.raises(WeirError, match=r"break_half_way\.sql would fail"):
        migrate_platform(own, folder=folder, topics=topics)
    assert schema(own) == before
    assert fetch_actual(own, topics) == {}


def test_a_topic_with_other_partitions_is_named_before_anything_is_changed(
    own: Settings, folder: Path
):
    """A schema that went ahead of its topics would be half a migration."""
    topics = declared(partitions=3)
    (name,) = topics
    create_topic(own, name, partitions=2)
    (folder / "20990101000001_add_rehearsed.sql").write_text(GOOD)
    before = schema(own)
    with pytest.raises(ContractError, match=f"{name}: partitions is 2, declared 3"):
        migrate_platform(own, folder=folder, topics=topics)
    assert schema(own) == before


def test_of_two_at_once_one_waits_and_finds_nothing_left(own: Settings, folder: Path):
    """`make run` and the DAG may meet."""
    (folder / "20990101000001_add_rehearsed.sql").write_text(GOOD)
    ended = []

    def second() -> None:
        ended.append(migrate_platform(own, folder=folder, topics={}))

    thread = threading.Thread(target=second)
    with migration_lock(own):
        thread.start()
        eventually(lambda: waiting(own), lambda count: count == 1)
        assert ended == []
        assert b"ops.rehearsed" not in schema(own)
    thread.join(60)
    assert [plan.migrations for plan in ended] == [("20990101000001_add_rehearsed.sql",)]
    assert migrate_platform(own, folder=folder, topics={}).empty


def waiting(settings: Settings) -> int:
    """Sessions of this database that wait for an advisory lock."""
    with connect(settings.dsn_file, application_name="test") as connection:
        row = connection.execute(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            " and database = (select oid from pg_database where datname = current_database())"
        ).fetchone()
    return 0 if row is None else int(row[0])
