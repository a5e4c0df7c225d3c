"""`weir market relay`: the supervised service that tells Kafka what the ban list says."""

from __future__ import annotations

import signal
import threading
from dataclasses import asdict
from types import FrameType

import psycopg
import structlog
import typer

from weir.cli.output import print_json
from weir.errors import PublishError, Unavailable
from weir.kafka.offsets import end_offsets
from weir.kafka.producer import ConfirmedProducer
from weir.market.relay import Relay
from weir.ops.lease import Pg
from weir.ops.streams import FilterSpec, find_stream
from weir.settings import Settings, load_settings
from weir.store.postgres import connect

log = structlog.get_logger()
EVERY_SECONDS = 0.2
FORGET_EVERY_PASSES = 18_000
NAME = "weir-market-relay"
STREAM = "market_banned_filter"


def register(app: typer.Typer) -> None:
    """Add the service."""
    app.command()(relay)


def relay(
    once: bool = typer.Option(False, "--once", help="One pass, then leave"),
    json: bool = typer.Option(False, "--json", help="For scripts; with --once"),
) -> None:
    """Publish changes of the ban list, begin and end what is due, look until products follow."""
    settings = load_settings().acting_as("market-relay", "service")
    if once:
        with connect(settings.dsn_file, application_name=NAME) as connection:
            done = relay_of(settings).pass_once(connection)
        if json:
            print_json(asdict(done))
        else:
            print(f"{done.due} due, {done.published} published, {done.settled} settled")
        return
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    serve(settings, stop)


def serve(settings: Settings, stop: threading.Event, spec: FilterSpec | None = None) -> None:
    """A pass each fifth of a second until `stop`; services that are away are waited for."""
    connection: Pg | None = None
    working: Relay | None = None
    complained = False
    passes = 0
    log.info("relaying", every_seconds=EVERY_SECONDS)
    while not stop.is_set():
        try:
            if connection is None or connection.closed:
                connection = connect(settings.dsn_file, application_name=NAME)
            # After a failure nothing that was not confirmed counts as published.
            working = working or relay_of(settings, spec)
            working.pass_once(connection)
            if passes % FORGET_EVERY_PASSES == 0:
                working.forget_old(connection)
            passes += 1
            complained = False
        except (Unavailable, PublishError, psycopg.OperationalError) as error:
            working = None
            if not complained:
                log.warning("waiting", error=str(error).splitlines()[0])
            complained = True
        stop.wait(EVERY_SECONDS)


def relay_of(settings: Settings, spec: FilterSpec | None = None) -> Relay:
    """A relay with a producer of its own, for the topics of the declared filter."""
    if spec is None:
        declared = find_stream(STREAM)
        assert isinstance(declared, FilterSpec)
        spec = declared
    written = (spec.products_topic, spec.events_topic)
    return Relay(
        ConfirmedProducer(settings),
        spec.bans_topic,
        lambda: {topic: end_offsets(settings, topic) for topic in written},
    )
