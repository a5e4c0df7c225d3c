"""`weir db`: migrations, and a shell."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from weir.cli.output import print_json, print_table
from weir.platform.layout import Layout
from weir.platform.postgres import Postgres
from weir.settings import load_settings
from weir.store.migrate import list_migrations
from weir.store.migrate import migrate as apply_migrations
from weir.store.postgres import read_dsn

app = typer.Typer(no_args_is_help=True, help="Schema of PostgreSQL.")


@app.command()
def migrate(dry_run: bool = typer.Option(False, help="Only say what would be applied")) -> None:
    """Apply the missing migrations."""
    done = apply_migrations(load_settings(), dry_run=dry_run)
    for migration in done:
        print(f"{'would apply' if dry_run else 'applied'} {migration.version} {migration.name}")
    if not done:
        print("nothing to apply")


@app.command()
def status(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """Every migration, and whether the database has it."""
    rows = list_migrations(load_settings())
    if json:
        print_json([asdict(row) for row in rows])
    else:
        print_table(
            ["version", "name", "state"],
            [(r.version, r.name, "applied" if r.applied else "missing") for r in rows],
        )


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def shell(context: typer.Context) -> None:
    """psql on Weir's database; further words go to psql (`weir db shell -c 'select 1'`)."""
    settings = load_settings()
    psql = str(Postgres(Layout(settings)).binaries / "psql")
    os.execv(psql, [psql, "-d", read_dsn(settings.dsn_file), *context.args])
