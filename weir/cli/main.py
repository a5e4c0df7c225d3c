"""`weir`: joins the groups of verbs and turns errors into words and exit codes."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import typer

from weir.errors import WeirError
from weir.logs import configure_logging

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="One control room for live data streams.",
)
GROUPS = ("topics", "db", "sources", "collect", "streams", "dlq", "wikimedia", "serve")


def main() -> None:
    """Run the command line; a WeirError becomes two lines on stderr and its exit code."""
    configure_logging()
    importlib.import_module("weir.cli.platform").register(app)
    for group in GROUPS:
        if importlib.util.find_spec(f"weir.cli.{group}"):
            app.add_typer(importlib.import_module(f"weir.cli.{group}").app, name=group)
    try:
        app()
    except WeirError as error:
        print(f"weir: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
