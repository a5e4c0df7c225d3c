"""`weir up | down | status | logs | doctor`: the local platform."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from weir.cli.output import print_json, print_table
from weir.settings import load_settings


def register(app: typer.Typer) -> None:
    """Put the platform's verbs at the top level."""
    for command in (up, down, status, logs, doctor, clean):
        app.command()(command)


def up(
    only: str = typer.Option("", help="Components by comma, e.g. postgres,kafka,redis"),
    streams: bool = typer.Option(True, help="Start the default streams"),
    wait: bool = typer.Option(False, help="Wait for the first results and show them"),
    dry_run: bool = typer.Option(False, help="Only say what would be started"),
) -> None:
    """Start the platform; harmless when it runs."""
    from weir.ops.systems import wanted_systems
    from weir.platform.catalogue import components, select
    from weir.platform.first_results import show_first_results
    from weir.platform.layout import Layout
    from weir.platform.steps import steps_for
    from weir.platform.up import start_platform

    settings = load_settings()
    layout = Layout(settings)
    chosen = select(components(layout), only)
    if dry_run:
        print("would start: " + ", ".join(c.name for c in chosen))
        return
    names = {c.name for c in chosen}
    started = streams and not only
    steps = steps_for(settings, names, with_streams=started, with_counts=wait and started)
    start_platform(layout, chosen, lambda line: print(line, flush=True), steps)
    if wait:
        show_first_results(settings, with_promo=started and "promo" in wanted_systems(settings))


def down(dry_run: bool = typer.Option(False, help="Only say what would be stopped")) -> None:
    """Stop all that `weir up` started, also after a crash of the supervisor."""
    from weir.platform import leftovers
    from weir.platform.down import stop_platform
    from weir.platform.layout import Layout

    layout = Layout(load_settings())
    if dry_run:
        for process in leftovers.find(layout):
            print(f"would stop {process.pid} {process.name()}")
        return
    stop_platform(layout, lambda line: print(line, flush=True))


def status(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """Each component's state, memory and restarts. Exit code 1 unless all are healthy."""
    from weir.platform.catalogue import components
    from weir.platform.layout import Layout
    from weir.platform.status import report

    settings = load_settings()
    layout = Layout(settings)
    found = report(layout, components(layout))
    if json:
        print_json(found)
    else:
        columns = ["name", "state", "pid", "port", "pss_mb", "restarts", "since"]
        print_table(columns, [[row[c] for c in columns] for row in found["components"]])
        print(f"memory in all: {found['pss_mb']} MB (PSS), drivers and executors at their worker\n")
        shown = ["stream", "desired", "observed", "epoch", "lag_messages", "reason"]
        print_table(shown, [[row[c] for c in shown] for row in found["streams"]])
        print()
        for name, address in found["addresses"].items():
            print(f"{name:<16} {address}")
    if any(row["state"] != "healthy" for row in found["components"]):
        raise typer.Exit(1)


def logs(
    names: list[str] = typer.Argument(None, help="Components or streams; none: all"),
    follow: bool = typer.Option(False, "-f", help="Go on as lines arrive"),
    lines: int = typer.Option(50, "-n", min=1, help="Last lines of each"),
) -> None:
    """Show the logs of components, and of streams by their name."""
    from weir.errors import SettingError
    from weir.platform.driver_logs import newest_by_stream
    from weir.platform.layout import Layout

    layout = Layout(load_settings())
    found = {path.stem: path for path in sorted(layout.logs.glob("*.log"))}
    found |= newest_by_stream(layout)
    for name in names or []:
        if name not in found:
            raise SettingError(
                f"{name!r} has no log", f"there are: {', '.join(found) or 'none yet'}"
            )
    wanted = [str(found[name]) for name in names or found]
    if not wanted:
        raise SettingError(f"no logs in {layout.logs}", "weir up")
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *wanted])


def doctor(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """What stands in the way of a start, and every setting with its source."""
    from weir.platform.catalogue import components
    from weir.platform.doctor import examine
    from weir.platform.layout import Layout
    from weir.platform.settings_report import explain, unknown_settings

    settings = load_settings()
    layout = Layout(settings)
    findings = examine(layout, components(layout))
    explained = explain(settings)
    unknown = unknown_settings()
    if json:
        print_json(
            {
                "findings": [asdict(f) for f in findings],
                "unknown_settings": [asdict(u) for u in unknown],
                "settings": [asdict(s) for s in explained],
            }
        )
    else:
        print_table(
            ["check", "result"],
            [(f.check, f"{f.problem} -> {f.way_out}" if f.problem else f.fact) for f in findings],
        )
        print()
        if unknown:
            rows = [(u.name, u.source, f"is no setting, ignored -> {u.way_out}") for u in unknown]
            print_table(["unknown setting", "from", "problem"], rows)
            print()
        print_table(["setting", "value", "from"], [(s.name, s.value, s.source) for s in explained])
    if unknown or any(f.problem for f in findings):
        raise typer.Exit(1)


def clean(
    yes: bool = typer.Option(False, "--yes", help="Do not ask"),
    dry_run: bool = typer.Option(False, help="Only say what would be deleted"),
) -> None:
    """Stop everything and delete the data folder."""
    from weir.platform import clean as cleaning
    from weir.platform.down import stop_platform
    from weir.platform.layout import Layout

    layout = Layout(load_settings())
    found = cleaning.folders(layout)
    for folder in found:
        print(f"{'would delete' if dry_run else 'delete'} {folder}")
    if dry_run or not found:
        return
    if not yes:
        typer.confirm("All data in there is lost. Go on?", abort=True)
    stop_platform(layout, lambda line: print(line, flush=True))
    cleaning.delete(layout)
