"""`weir`: joins the groups of verbs and turns errors into words and exit codes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import typer

from weir import __version__
from weir.errors import WeirError
from weir.logs import configure_logging

GROUPS = (
    "topics",
    "db",
    "sources",
    "collect",
    "streams",
    "reconcile",
    "dlq",
    "gaps",
    "promo",
    "housekeeping",
    "wikimedia",
    "serve",
    "login",
)


def build_app(groups: Sequence[str] = GROUPS) -> typer.Typer:
    """The command line with these groups; each is imported only when it is needed."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="One control room for live data streams.",
    )
    app.callback()(_root)
    importlib.import_module("weir.cli.platform").register(app)
    for group in groups:
        app.add_typer(importlib.import_module(f"weir.cli.{group}").app, name=group)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


def _root(
    _: bool = typer.Option(False, "--version", callback=_show_version, help="Show it and leave"),
) -> None:
    """Options that need no verb."""


def main() -> None:
    """Run the command line; a WeirError becomes two lines on stderr and its exit code."""
    configure_logging()
    asked = [word for word in sys.argv[1:2] if word in GROUPS]
    try:
        build_app(asked or GROUPS)(prog_name="weir")
    except WeirError as error:
        print(f"weir: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
