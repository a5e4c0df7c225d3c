"""`weir reconcile`: the supervised service that puts streams right, or one pass of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from types import FrameType

import psycopg
import structlog
import typer

from weir.cli.output import print_json, print_table
from weir.errors import Unavailable
from weir.ops.forsaken import Run, fetch_run
from weir.ops.lease import Pg
from weir.ops.reconcile_pass import Done, reconcile
from weir.ops.streams import load_streams
from weir.platform.airflow_jobs import connect_metadata
from weir.settings import Settings, load_settings
from weir.store.postgres import connect

app = typer.Typer()
log = structlog.get_logger()
EVERY_SECONDS = 5.0


@app.callback(invoke_without_command=True)
def run(
    once: bool = typer.Option(False, "--once", help="One pass, then leave"),
    dry_run: bool = typer.Option(False, "--dry-run", help="One pass that changes nothing"),
    json: bool = typer.Option(False, "--json", help="For scripts; with --once or --dry-run"),
) -> None:
    """Finish what was begun and end what nobody wants; restarts nothing."""
    settings = load_settings().acting_as("watcher", "service")
    if once or dry_run:
        with connect(settings.dsn_file, application_name="weir-reconcile") as connection:
            done = list(one_pass(settings, connection, dry_run=dry_run))
        _show(done, json)
        return
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    serve(settings, stop)


def serve(settings: Settings, stop: threading.Event) -> None:
    """A pass each few seconds until `stop`; services that are away are waited for."""
    connection: Pg | None = None
    complained = False
    log.info("reconciling", every_seconds=EVERY_SECONDS, streams=list(load_streams()))
    while not stop.is_set():
        try:
            if connection is None or connection.closed:
                connection = connect(
                    settings.dsn_file, application_name="weir-reconcile", lock_timeout="60s"
                )
            for done in one_pass(settings, connection):
                log.warning("reconciled", **asdict(done))
            complained = False
        except (Unavailable, psycopg.OperationalError) as error:
            if not complained:
                log.warning("waiting", error=str(error).splitlines()[0])
            complained = True
        stop.wait(EVERY_SECONDS)


def one_pass(settings: Settings, connection: Pg, *, dry_run: bool = False) -> Iterator[Done]:
    """Every declared stream once."""
    specs = load_streams().values()
    runs = fetch_runs(settings, [spec.name for spec in specs])
    yield from reconcile(settings, connection, specs, dry_run=dry_run, runs=runs)


def fetch_runs(settings: Settings, streams: Iterable[str]) -> dict[str, Run]:
    """What Airflow knows of these streams; nothing while it is away: no stop is made up."""
    if not settings.airflow:
        return {}
    try:
        with connect_metadata(settings.dsn_file, application_name="weir-reconcile") as metadata:
            found = {stream: fetch_run(metadata, stream) for stream in streams}
    except psycopg.Error as error:
        log.debug("airflow's records cannot be read", error=str(error).strip())
        return {}
    return {stream: run for stream, run in found.items() if run is not None}


def _show(done: list[Done], json: bool) -> None:
    if json:
        print_json([asdict(one) for one in done])
    elif done:
        rows = [(d.stream, d.act, d.driver_id, d.reason, d.outcome) for d in done]
        print_table(["stream", "act", "driver", "reason", "outcome"], rows)
    else:
        print("nothing to put right")
