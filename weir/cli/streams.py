"""`weir streams`: what is declared, what runs, and the verbs that change it."""

from __future__ import annotations

import getpass
from dataclasses import asdict

import typer

from weir.cli.output import print_json, print_table
from weir.ops.launch import start_stream
from weir.ops.observed import StreamState, fetch_state
from weir.ops.stopping import drain_stream, stop_stream
from weir.ops.streams import find_stream, load_streams
from weir.settings import load_settings
from weir.store.postgres import connect

app = typer.Typer(no_args_is_help=True, help="Streams, declared in include/streams.yaml.")

DRY_RUN = typer.Option(False, "--dry-run", help="Only say what would be done")
AS_JSON = typer.Option(False, "--json", help="For scripts")


@app.command("list")
def list_streams(json: bool = AS_JSON) -> None:
    """Every declared stream, what is wanted of it and what it does."""
    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir-cli") as connection:
        states = [fetch_state(settings, connection, spec) for spec in load_streams().values()]
    if json:
        print_json([asdict(state) for state in states])
        return
    print_table(
        ["stream", "desired", "observed", "epoch", "lag", "last batch", "heartbeat", "reason"],
        [
            (
                *(s.stream, s.desired, s.observed, s.epoch, s.lag_messages),
                f"{s.last_batch['rows']} rows at {s.last_batch['ended_at'][11:19]}"
                if s.last_batch
                else None,
                None if s.heartbeat_seconds is None else f"{s.heartbeat_seconds} s ago",
                s.reason,
            )
            for s in states
        ],
    )


@app.command()
def show(name: str = typer.Argument(help="Stream"), json: bool = AS_JSON) -> None:
    """One stream: state and declaration."""
    settings, spec = load_settings(), find_stream(name)
    with connect(settings.dsn_file, application_name="weir-cli") as connection:
        state = fetch_state(settings, connection, spec)
    declaration = spec.model_dump(mode="json", by_alias=True)
    if json:
        print_json({"state": asdict(state), "declaration": declaration})
        return
    print_table(["state", ""], list(asdict(state).items()))
    print_table(["declaration", ""], list(declaration.items()))


@app.command()
def start(name: str = typer.Argument(help="Stream"), dry_run: bool = DRY_RUN) -> None:
    """Want it to run, and submit a driver unless one works."""
    settings, spec = load_settings(), find_stream(name)
    if dry_run:
        print(f"would submit {spec.name} to {settings.spark_master_url} unless it runs")
        return
    print(f"{name}: {start_stream(settings, name, changed_by=_who())}")


@app.command()
def drain(name: str = typer.Argument(help="Stream"), dry_run: bool = DRY_RUN) -> None:
    """Stop between two batches and stay parked until `start`."""
    settings, spec = load_settings(), find_stream(name)
    if dry_run:
        print(f"would ask {spec.name} to stop between two batches: {_state(name).observed} now")
        return
    drain_stream(settings, name, changed_by=_who())
    print(f"{name}: drained")


@app.command()
def stop(name: str = typer.Argument(help="Stream"), dry_run: bool = DRY_RUN) -> None:
    """Drain; if that takes longer than 15 s, kill the driver (its batch is replayed later)."""
    settings, spec = load_settings(), find_stream(name)
    if dry_run:
        print(f"would drain or kill {spec.name}: {_state(name).observed} now")
        return
    stop_stream(settings, name, changed_by=_who())
    print(f"{name}: stopped")


def _state(name: str) -> StreamState:
    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir-cli") as connection:
        return fetch_state(settings, connection, find_stream(name))


def _who() -> str:
    return f"{getpass.getuser()} (weir streams)"
