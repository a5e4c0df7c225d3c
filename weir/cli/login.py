"""`weir login`: the logins of Airflow."""

from __future__ import annotations

import json as jsonlib
import sys

import typer

from weir.cli.output import print_json, print_table
from weir.errors import WeirError
from weir.platform.airflow_config import PASSWORDS, USERS, airflow_address
from weir.platform.layout import Layout
from weir.settings import load_settings
from weir.store.private_file import read_private

app = typer.Typer(no_args_is_help=True, help="Logins of Airflow's pages.")


@app.callback()
def group() -> None:
    """Keep `show` a word of its own."""


@app.command()
def show(
    json: bool = typer.Option(False, "--json", help="For scripts"),
    force: bool = typer.Option(False, help="Print them although nobody looks at a terminal"),
) -> None:
    """Address, users and passwords of Airflow. Only on a terminal, so that no log keeps them."""
    if not (force or sys.stdout.isatty()):
        raise WeirError("passwords are shown on a terminal only", "weir login show --force")
    settings = load_settings()
    file = Layout(settings).secrets / PASSWORDS
    passwords = jsonlib.loads(read_private(file, "file of passwords", "WEIR_HOME"))
    rows = [
        {"user": user, "role": role, "password": passwords[user]} for user, role in USERS.items()
    ]
    if json:
        print_json({"address": airflow_address(settings), "logins": rows})
        return
    print(airflow_address(settings))
    print_table(["user", "role", "password"], [list(row.values()) for row in rows])
