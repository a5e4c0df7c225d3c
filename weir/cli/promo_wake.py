"""`weir promo wake`: the supervised service that tells the stream what is due and who is new."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import psycopg
import structlog
import typer

from weir.cli.output import print_json
from weir.errors import PublishError, Unavailable
from weir.kafka.producer import ConfirmedProducer
from weir.ops.lease import Pg
from weir.promo.wake import Waker
from weir.settings import Settings, load_settings
from weir.store.postgres import connect

log = structlog.get_logger()
EVERY_SECONDS = 0.5
NAME = "weir-promo-wake"


def wake(
    once: bool = typer.Option(False, "--once", help="One pass, then leave"),
    json: bool = typer.Option(False, "--json", help="For scripts; with --once"),
) -> None:
    """Wake due starts and ends, cancellations and new subscribers; twice is harmless."""
    settings = load_settings().acting_as("promo-wake", "service")
    if once:
        with connect(settings.dsn_file, application_name=NAME) as connection:
            sent = waker_of(settings).wake_once(connection)
        print_json({"sent": sent}) if json else print(f"{sent} wake-ups sent")
        return
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    serve(settings, stop)


def serve(settings: Settings, stop: threading.Event) -> None:
    """A pass each half second until `stop`; services that are away are waited for."""
    connection: Pg | None = None
    waker: Waker | None = None
    complained = False
    log.info("waking", every_seconds=EVERY_SECONDS, topic=settings.promo_wakeups_topic)
    while not stop.is_set():
        try:
            if connection is None or connection.closed:
                connection = connect(settings.dsn_file, application_name=NAME)
            # After a failure nothing that was not confirmed counts as sent.
            waker = waker or waker_of(settings)
            waker.wake_once(connection)
            complained = False
        except (Unavailable, PublishError, psycopg.OperationalError) as error:
            waker = None
            if not complained:
                log.warning("waiting", error=str(error).splitlines()[0])
            complained = True
        stop.wait(EVERY_SECONDS)


def waker_of(settings: Settings) -> Waker:
    """A waker with a producer of its own; a foreign subscriber table is looked at by time."""
    foreign = settings.subscribers_dsn_file is not None
    return Waker(
        ConfirmedProducer(settings),
        settings.promo_wakeups_topic,
        look_again_seconds=settings.promo_look_again_seconds if foreign else None,
    )
