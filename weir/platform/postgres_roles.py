"""Roles of the local PostgreSQL: who owns, who writes rows, who only looks.

`include/principals.yaml` declares them. Each has a password file, a passfile and a DSN file of its
own among the secrets; the server gets a SCRAM verifier, so that no statement holds a password.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import conninfo, sql

from weir.platform.airflow_config import DATABASE as AIRFLOW
from weir.platform.secrets import keep_password, write_private
from weir.settings import Settings
from weir.store.postgres import connect, read_dsn
from weir.store.roles import Role, load_roles

Pg = psycopg.Connection[Any]
LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('weir:roles', 0))"
SCHEMAS: Final = """
    select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
"""
Texts = tuple[LiteralString, ...]
READS: Final[Texts] = (
    "grant usage on schema {} to {}",
    "grant select on all tables in schema {} to {}",
)
READS_WHAT_COMES: Final[Texts] = (
    "alter default privileges for role {} grant usage on schemas to {}",
    "alter default privileges for role {} grant select on tables to {}",
)
CHANGES: Final[Texts] = (
    "grant insert, update, delete on all tables in schema {} to {}",
    "grant usage, select on all sequences in schema {} to {}",
)
CHANGES_WHAT_COMES: Final[Texts] = (
    "alter default privileges for role {} in schema {}"
    " grant insert, update, delete on tables to {}",
    "alter default privileges for role {} in schema {} grant usage, select on sequences to {}",
)
# What is not part of an extension, and no sequence of a column (it follows its table).
FOREIGN: Final = """
    select format('alter %%s %%s owner to ', kind, name) from (
        select 'schema' as kind, quote_ident(nspname) as name, nspowner as owner
        from pg_namespace
        where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
        union all
        select case relkind when 'v' then 'view' when 'm' then 'materialized view'
                            when 'S' then 'sequence' else 'table' end,
               format('%%I.%%I', nspname, relname), relowner
        from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind in ('r', 'p', 'v', 'm', 'S') and nspname !~ '^pg_'
          and nspname <> 'information_schema'
          and not exists (
              select from pg_depend d where d.objid = c.oid and deptype in ('a', 'i', 'e'))
        union all
        select 'routine', p.oid::regprocedure::text, proowner
        from pg_proc p join pg_namespace n on n.oid = pronamespace
        where nspname !~ '^pg_' and nspname <> 'information_schema'
          and not exists (select from pg_depend d where d.objid = p.oid and deptype = 'e')
        union all
        select 'type', format('%%I.%%I', nspname, typname), typowner
        from pg_type t join pg_namespace n on n.oid = typnamespace
        where typtype in ('e', 'd') and nspname !~ '^pg_' and nspname <> 'information_schema'
    ) as object where owner <> %s::regrole
"""


def apply_roles(settings: Settings) -> int:
    """Make the roles, let the owner own what is there, and give rights to what will be made.

    Before the migrations, which run as the owner. Harmless when done again; how many roles.
    """
    roles = load_roles()
    keeper = admin_dsn_file(settings)
    owner = next(role.name for role in roles if role.owns)
    with connect(keeper, application_name="weir:roles") as connection, connection.transaction():
        connection.execute(LOCK)
        for role in roles:
            _make(connection, settings, role)
        _run(connection, "alter role {} createdb", owner)  # Airflow's database is its own too
        databases = _databases(connection)
    for database in databases:
        dsn = conninfo.make_conninfo(read_dsn(keeper), dbname=database)
        with psycopg.connect(dsn, application_name="weir:roles") as connection:
            connection.execute(LOCK)
            _own(connection, database, owner)
            if database != AIRFLOW:
                _give(connection, database, owner, roles)
    return len(roles)


def grant_airflow(settings: Settings) -> None:
    """Let the roles that watch Airflow see the tables they ask; after its own migration."""
    dsn = conninfo.make_conninfo(read_dsn(admin_dsn_file(settings)), dbname=AIRFLOW)
    with psycopg.connect(dsn, application_name="weir:roles") as connection:
        for role in load_roles():
            for table in role.airflow:
                _run(connection, "grant select on {} to {}", table, role.name)


def admin_dsn_file(settings: Settings) -> Path:
    """The DSN of the superuser that made the server."""
    return settings.home / "secrets" / "postgres.dsn"


def role_dsn_file(settings: Settings, role: str) -> Path:
    """The DSN of one role, e.g. `weir_stream`."""
    return settings.home / "secrets" / f"postgres-{role.removeprefix('weir_')}.dsn"


def _make(connection: Pg, settings: Settings, role: Role) -> None:
    secrets = settings.home.expanduser().absolute() / "secrets"
    short = role.name.removeprefix("weir_")
    password = keep_password(secrets / f"postgres-{short}.password")
    if connection.execute("select from pg_roles where rolname = %s", [role.name]).rowcount == 0:
        _run(connection, "create role {}", role.name)
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.name.encode(), b"scram-sha-256"
    )
    _run(
        connection,
        "alter role {} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls "
        "password {}",
        role.name,
        sql.Literal(verifier.decode()),
    )
    for group in role.member_of:
        _run(connection, "grant {} to {}", group, role.name)
    known = conninfo.conninfo_to_dict(read_dsn(admin_dsn_file(settings)))
    passfile = secrets / f"pgpass-{short}"
    line = f"{known['host']}:{known['port']}:*:{role.name}:{password}\n"
    write_private(passfile, line)
    own = conninfo.make_conninfo(
        read_dsn(admin_dsn_file(settings)), user=role.name, passfile=str(passfile)
    )
    write_private(role_dsn_file(settings, role.name), own + "\n")


def _own(connection: Pg, database: str, owner: str) -> None:
    _run(connection, "alter database {} owner to {}", database, owner)
    for (beginning,) in connection.execute(FOREIGN, [owner]).fetchall():
        # Made by the server itself from quoted names.
        connection.execute(sql.SQL(beginning) + sql.Identifier(owner))


def _give(connection: Pg, database: str, owner: str, roles: Iterable[Role]) -> None:
    _run(connection, "revoke connect on database {} from public", database)
    schemas = [row[0] for row in connection.execute(SCHEMAS).fetchall()]
    for role in roles:
        _run(connection, "grant connect, temporary on database {} to {}", database, role.name)
        if role.owns:
            continue
        for text in READS_WHAT_COMES:
            _run(connection, text, owner, role.name)
        for schema in schemas:
            _give_in(connection, schema, owner, role)
        for table in role.never:
            if connection.execute("select to_regclass(%s)", [table]).fetchone() != (None,):
                _run(connection, "revoke insert, update, delete on {} from {}", table, role.name)


def _give_in(connection: Pg, schema: str, owner: str, role: Role) -> None:
    """Rights in one schema, for what is there and for what later migrations add."""
    for text in READS:
        _run(connection, text, schema, role.name)
    if schema in role.changes:
        for text in CHANGES:
            _run(connection, text, schema, role.name)
        for text in CHANGES_WHAT_COMES:
            _run(connection, text, owner, schema, role.name)


def _databases(connection: Pg) -> list[str]:
    found = connection.execute(
        "select datname from pg_database where datname = any(%s)",
        [[connection.info.dbname, AIRFLOW]],
    )
    return [row[0] for row in found.fetchall()]


def _run(connection: Pg, text: LiteralString, *names: str | sql.Literal) -> None:
    """`text` with names quoted; a table's name may have its schema before a point."""
    parts = [
        name if isinstance(name, sql.Literal) else sql.Identifier(*name.split("."))
        for name in names
    ]
    connection.execute(sql.SQL(text).format(*parts))
