"""The life of a driver: lease, session, query, and an exit code that says what shall follow.

Exit 0 is the end: drained, another driver at work, fenced, or a contract error (then the stream
is parked as failed with the reason). Any other exit makes the worker start the driver anew, with
the same token, so that it takes over from itself at once.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from spark_jobs.lib.control import Control
from spark_jobs.lib.orphan import end_with_parent
from spark_jobs.lib.patience import patiently
from spark_jobs.lib.pulse import Pulse
from spark_jobs.lib.session import build_session
from spark_jobs.lib.take_lease import LIMITS, take_lease
from weir.errors import ContractError, SettingError
from weir.logs import configure_logging
from weir.ops import desired, lease
from weir.ops.driver_file import DriverFile, read_driver_file
from weir.store.postgres import connect

log = structlog.get_logger()
LOOK_SECONDS = 0.3
END_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Driver:
    """What a job is given: its declaration, its epoch, and the flags of this process."""

    file: DriverFile
    epoch: int
    control: Control
    application_name: str
    beats: list[Callable[[], None]] = field(default_factory=list)

    def on_beat(self, act: Callable[[], None]) -> None:
        """Call `act` with each heartbeat, in its thread."""
        self.beats.append(act)

    def connect(self) -> lease.Pg:
        """A connection that a takeover ends, with time limits; waits while PostgreSQL is away."""
        dsn_file, name = self.file.settings.dsn_file, self.application_name
        return patiently(
            lambda: connect(dsn_file, application_name=name, **LIMITS), stop=self.control.fenced
        )


@dataclass(frozen=True, kw_only=True)
class Job:
    """A running query and the error that ended it."""

    query: StreamingQuery
    failure: Callable[[], BaseException | None]


def run_driver(start: Callable[[SparkSession, Driver], Job]) -> None:
    """Parse the arguments and live until the end. `start` begins the query of the job."""
    end_with_parent()
    configure_logging()
    parser = argparse.ArgumentParser()
    parser.add_argument("--conf-file", type=Path, required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    file = read_driver_file(arguments.conf_file)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    epoch = take_lease(
        file.settings,
        file.stream,
        owner=owner,
        token=arguments.token,
        restarts=file.spec.restarts,
    )
    if epoch is None:
        return
    control = Control()
    driver = Driver(
        file=file,
        epoch=epoch,
        control=control,
        application_name=lease.application_name(file.stream, epoch),
    )
    pulse = Pulse(file.settings, file.stream, epoch, control, driver.beats)
    pulse.start()
    session: SparkSession | None = None
    try:
        session = build_session(file.settings, file.spec)
        pulse.app_id = session.sparkContext.applicationId
        pulse.ui_url = session.sparkContext.uiWebUrl
        if not control.stop.is_set():
            watch(start(session, driver), control)
        outcome = "fenced" if control.fenced.is_set() else "drained"
    except lease.Fenced as error:
        log.error("fenced", error=error.what)
        outcome = "fenced"
    except (ContractError, SettingError) as error:
        log.error("contract error", error=str(error))
        with driver.connect() as connection:
            desired.declare_failed(connection, file.stream, epoch, str(error))
        outcome = "failed"
    pulse.end()
    with driver.connect() as connection:
        released = lease.release(connection, file.stream, epoch)
    log.info("end", outcome=outcome, epoch=epoch, released=released)
    end(session)


def watch(job: Job, control: Control) -> None:
    """Wait until the query ends, or a stop is asked for. Raises what the batch raised."""
    while job.query.isActive:
        if control.stop_between_batches(job.query.stop):
            return
        if control.fenced.is_set():
            return  # the process ends without waiting for a batch that can no longer commit
        control.stop.wait(LOOK_SECONDS)
    if control.stop.is_set():
        return
    failure = job.failure()
    if failure is not None:
        raise failure
    raise RuntimeError("the query ended by itself")


def end(session: SparkSession | None) -> None:
    """Stop Spark, and leave with 0 even when it does not listen."""
    guard = threading.Timer(END_SECONDS, os._exit, [0])
    guard.daemon = True
    guard.start()
    if session is not None:
        session.stop()
    sys.stderr.flush()
    os._exit(0)
