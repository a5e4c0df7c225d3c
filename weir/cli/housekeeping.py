"""`weir housekeeping`: old rows, logs and folders."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import asdict

import typer

from weir.cli.output import print_json, print_table
from weir.clock import utc_now
from weir.ops.housekeeping import Outcome, clean, list_chores, refuse_errors, survey
from weir.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Removes what is older than it is kept.")


@app.command()
def plan(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """Every chore, and how much it would remove now; changes nothing."""
    _show(survey(list_chores(load_settings(), utc_now())), json, "would do")


@app.command()
def run(
    dry_run: bool = typer.Option(False, help="The same as plan"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Do every chore; exit code 1 when one was left undone."""
    settings = load_settings()
    chores = list_chores(settings, utc_now())
    if dry_run:
        _show(survey(chores), json, "would do")
        return
    _show(clean(settings, chores, changed_by=getpass.getuser()), json, "done")


def _show(outcomes: Sequence[Outcome], json: bool, word: str) -> None:
    if json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        print_table(
            ["chore", "rule", word],
            [(o.chore, o.rule, o.error or o.number) for o in outcomes],
        )
    refuse_errors(outcomes)
