"""The roles of PostgreSQL on a real server: each may do its work and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from weir.platform.postgres_roles import apply_roles
from weir.platform.secrets import write_private
from weir.settings import Settings
from weir.store.migrate import migrate, roll_back_newest
from weir.store.postgres import connect, read_dsn

TABLE = "ops.security_probe"


def refused(settings: Settings, statement: str) -> bool:
    with connect(settings.dsn_file, application_name="test") as connection:
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


@pytest.fixture
def roles(secure: Settings) -> dict[str, Settings]:
    names = ("migrate", "service", "stream", "read")
    return {name: secure.model_copy(update={"postgres_role": name}) for name in names}


def test_a_table_that_a_migration_adds_can_be_written_by_streams_and_only_seen_by_readers(
    roles: dict[str, Settings],
) -> None:
    """Rights must not wait for the next start of the platform."""
    with connect(roles["migrate"].dsn_file, application_name="test") as connection:
        connection.execute(f"create table {TABLE} (n int generated always as identity)")
        try:
            write = f"insert into {TABLE} default values"
            assert {name: refused(who, write) for name, who in roles.items()} == {
                "migrate": False,
                "service": False,
                "stream": False,
                "read": True,
            }
            assert not refused(roles["read"], f"select * from {TABLE}")
        finally:
            connection.execute(f"drop table {TABLE}")


@pytest.mark.parametrize("role", ["service", "stream", "read"])
@pytest.mark.parametrize(
    "statement",
    [
        "create table public.mine ()",
        "drop table ops.query_offset",
        "alter table ops.query_offset add column mine int",
        "truncate ops.dead_letter",
        "delete from public.schema_migrations",
        "create role mine superuser",
    ],
)
def test_only_the_owner_changes_the_schema(
    roles: dict[str, Settings], role: str, statement: str
) -> None:
    """A driver that was taken over must not be able to take the tables with it."""
    assert refused(roles[role], statement)


def test_no_part_is_a_superuser_and_the_server_keeps_no_password(secure: Settings) -> None:
    """A verifier cannot be used to log in elsewhere."""
    with psycopg.connect(read_dsn(secure.home / "secrets" / "postgres.dsn")) as connection:
        kept = connection.execute(
            "select rolname, rolsuper, rolpassword like 'SCRAM-SHA-256$%' from pg_authid"
            " where rolname like 'weir_%' order by 1"
        ).fetchall()
    names = ("weir_migrate", "weir_read", "weir_service", "weir_stream")
    assert kept == [(name, False, True) for name in names]


def test_applying_the_roles_again_locks_nobody_out(roles: dict[str, Settings]) -> None:
    """Each start does it, while streams of the start before may be working."""
    with connect(roles["stream"].dsn_file, application_name="test") as working:
        assert apply_roles(roles["migrate"]) == 4
        working.execute("select 1 from ops.query_offset")
        assert not refused(roles["stream"], "select 1")


OWNED_BY_OTHERS = """
    select relname::text from pg_class c join pg_namespace n on n.oid = relnamespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
      and relowner <> 'weir_migrate'::regrole
    union all
    select proname::text from pg_proc p join pg_namespace n on n.oid = pronamespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
      and proowner <> 'weir_migrate'::regrole
    union all
    select nspname::text from pg_namespace
    where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
      and nspowner <> 'weir_migrate'::regrole
"""


def test_what_a_plain_platform_made_changes_hands(secure: Settings, tmp_path: Path) -> None:
    """A laptop that is made secure later keeps its data, and its migrations go on."""
    shutil.copytree(secure.home / "secrets", tmp_path / "secrets")
    admin = read_dsn(secure.home / "secrets" / "postgres.dsn")
    here = conninfo.make_conninfo(admin, dbname="test_plain_before")
    name = sql.Identifier("test_plain_before")
    write_private(tmp_path / "secrets" / "postgres.dsn", here)
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(sql.SQL("create database {}").format(name))
        try:
            plain = Settings(_env_file=None, home=tmp_path)
            migrate(plain)
            with psycopg.connect(here) as connection:
                assert connection.execute(OWNED_BY_OTHERS).fetchall() != []
            owner = plain.model_copy(update={"security": "sasl_ssl"})
            assert apply_roles(owner) == 4
            with psycopg.connect(here) as connection:
                assert connection.execute(OWNED_BY_OTHERS).fetchall() == []
            roll_back_newest(owner)
            assert len(migrate(owner)) == 1
            stream = owner.acting_as("a_stream")
            assert not refused(stream, "delete from ops.query_offset")
            assert refused(stream, "drop table ops.query_offset")
        finally:
            server.execute(sql.SQL("drop database {} with (force)").format(name))
