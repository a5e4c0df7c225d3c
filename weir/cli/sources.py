"""`weir sources`: which source is live, which is sample, and the way from one to the other."""

from __future__ import annotations

from typing import Annotated

import typer

from weir.cli.output import print_json, print_table
from weir.errors import SettingError
from weir.settings import load_settings
from weir.sources.declared import load_sources, mode_of

app = typer.Typer(no_args_is_help=True, help="Modes of the sources: live or sample.")

WAYS = {
    "live": "set WEIR_WIKIMEDIA_CONTACT (a URL or e-mail address) in .env",
    "sample": "unset WEIR_WIKIMEDIA_CONTACT, or set WEIR_WIKIMEDIA_MODE=sample, in .env",
}


@app.command("list")
def list_sources(json: Annotated[bool, typer.Option("--json", help="For scripts")] = False) -> None:
    """Every source: its mode, and what its collector last said."""
    from weir.store.collectors import fetch_collectors
    from weir.store.postgres import connect

    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir:sources") as connection:
        collectors = {row.collector: row for row in fetch_collectors(connection)}
    rows = []
    for name in load_sources():
        row = collectors.get(name)
        rows.append(
            {
                "source": name,
                "mode": mode_of(name, settings),
                "state": row and row.state,
                "collected_mode": row and row.mode,
                "events_per_second": row and row.events_per_second,
                "cursor_time": row and row.cursor_time,
                "heartbeat_at": row and row.heartbeat_at,
                "last_error": row and row.last_error,
            }
        )
    if json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])


@app.command()
def switch(
    name: Annotated[str, typer.Argument(help="The source")],
    target: Annotated[str, typer.Argument(metavar="live|sample")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check and say")] = False,
) -> None:
    """Set the data of the other mode aside, so that the source can begin in this one."""
    from weir.clock import utc_now
    from weir.sources.wikimedia.switch import carry_out, plan_switch
    from weir.store.postgres import connect

    settings = load_settings()
    if name not in load_sources():
        raise SettingError(f"no source {name!r}", f"there are: {', '.join(load_sources())}")
    if target not in WAYS:
        raise SettingError(f"no mode {target!r}", "live or sample")
    if mode_of(name, settings) != target:
        raise SettingError(f"{name} is set to {mode_of(name, settings)}", WAYS[target])
    with connect(settings.dsn_file, application_name="weir:switch") as connection:
        plan = plan_switch(settings, connection, target, utc_now())
        if not plan.is_needed:
            print(f"nothing to do: stored is {plan.stored or 'nothing'}, wanted is {target}")
            return
        tables = ", ".join(plan.tables)
        if dry_run:
            print(f"would set {plan.stored} data aside: {tables}, the topic's messages, the cursor")
            return
        carry_out(settings, connection, plan, utc_now())
    print(f"{plan.stored} data is set aside ({tables} are in schema aside); {name} is {target} now")
    print("next: weir down, then weir up; nothing else is needed")
