"""`weir reconcile`: the supervised service that puts streams right, or one pass of it."""

from __future__ import annotations

import signal
import threading
from dataclasses import asdict
from types import FrameType

import psycopg
import structlog
import typer

from weir.cli.output import print_json, print_table
from weir.errors import Unavailable
from weir.ops.lease import Pg
from weir.ops.reconcile_pass import Done, reconcile
from weir.ops.streams import load_streams
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
    settings = load_settings()
    if once or dry_run:
        with connect(settings.dsn_file, application_name="weir-reconcile") as connection:
            done = list(reconcile(settings, connection, load_streams().values(), dry_run=dry_run))
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
            for done in reconcile(settings, connection, load_streams().values()):
                log.warning("reconciled", **asdict(done))
            complained = False
        except (Unavailable, psycopg.OperationalError) as error:
            if not complained:
                log.warning("waiting", error=str(error).splitlines()[0])
            complained = True
        stop.wait(EVERY_SECONDS)


def _show(done: list[Done], json: bool) -> None:
    if json:
        print_json([asdict(one) for one in done])
    elif done:
        rows = [(d.stream, d.act, d.driver_id, d.reason, d.outcome) for d in done]
        print_table(["stream", "act", "driver", "reason", "outcome"], rows)
    else:
        print("nothing to put right")
