"""`weir promo subscribers`: who wants to hear of which restaurant."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.errors import SettingError
from weir.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Who wants to hear of which restaurant.")


@app.command("import")
def import_file(
    file: str = typer.Argument(help="CSV with the head line client_id,restaurant_id; - for a pipe"),
    dry_run: bool = typer.Option(False, help="Only check, and say how many are new"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Add the subscribers who are not there yet: all or none."""
    from weir.promo.subscribers import import_subscribers, parse_subscribers
    from weir.store.postgres import connect

    settings = load_settings()
    if settings.subscribers_dsn_file is not None:
        raise SettingError(
            "the subscribers are in another database, which is only read",
            "import them there; its DSN file is WEIR_SUBSCRIBERS_DSN_FILE",
        )
    try:
        with ExitStack() as opened:
            lines = (
                sys.stdin
                if file == "-"
                else opened.enter_context(open(file, encoding="utf-8", newline=""))
            )
            connection = opened.enter_context(
                connect(settings.dsn_file, application_name="weir:promo:import")
            )
            done = import_subscribers(connection, parse_subscribers(lines), dry_run=dry_run)
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingError(f"{file} is not UTF-8 at byte {error.start}") from error
    if json:
        print_json(asdict(done) | {"dry_run": dry_run})
        return
    print(f"{done.rows} rows, {done.added} {'would be new' if dry_run else 'are new'}")


@app.command("list")
def list_them(
    restaurant: str = typer.Option("", help="The subscribers of this one; else: all restaurants"),
    limit: int = typer.Option(50, min=1, help="At most so many"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Restaurants with their numbers of subscribers, or the subscribers of one."""
    from weir.promo.subscribers import list_restaurants, list_subscribers
    from weir.promo.subscriptions import connect_to_subscribers

    with connect_to_subscribers(load_settings()) as connection:
        if restaurant:
            columns = ["client_id", "subscriptions"]
            rows: list[tuple[Any, ...]] = [*list_subscribers(connection, restaurant, limit=limit)]
        else:
            columns = ["restaurant_id", "clients", "subscriptions"]
            rows = [*list_restaurants(connection, limit=limit)]
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    print_table(columns, [[printable(str(cell)) for cell in row] for row in rows])
