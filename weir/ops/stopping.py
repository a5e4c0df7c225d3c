"""Drain a stream (stop at a batch boundary and stay parked), or end it at once."""

from __future__ import annotations

import time

from weir.errors import Unavailable
from weir.ops import desired, lease
from weir.ops.launch import kill_driver
from weir.settings import Settings
from weir.store.postgres import connect

POLL_SECONDS = 0.3
DRAIN_SECONDS = 120.0


def drain_stream(
    settings: Settings, name: str, *, changed_by: str, within_seconds: float = DRAIN_SECONDS
) -> None:
    """Ask for a stop between two batches and wait until the lease is given back.

    A driver that dies instead (its heartbeat stands still) counts as drained: its relaunch sees
    that the stream is parked and leaves. Raises Unavailable when the time is over.
    """
    with connect(settings.dsn_file, application_name="weir-drain") as connection:
        lease.ensure_stream(connection, name)
        desired.want_drained(connection, name, changed_by, f"drained by {changed_by}")
        deadline = time.monotonic() + within_seconds
        moved_at, last = time.monotonic(), lease.fetch_lease(connection, name)
        while True:
            now = lease.fetch_lease(connection, name)
            if now.owner is None:
                return
            if now.beat != last.beat:
                moved_at, last = time.monotonic(), now
            elif time.monotonic() - moved_at > lease.TTL_SECONDS:
                return
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{name} still works on a batch after {within_seconds:.0f} s; "
                    "it stops when that is done",
                    f"wait, or end it at once: weir streams stop {name}",
                )
            time.sleep(POLL_SECONDS)


def stop_stream(
    settings: Settings, name: str, *, changed_by: str, within_seconds: float = 15.0
) -> None:
    """Drain if that works soon, else kill the driver: safe (the batch is replayed), only slower."""
    try:
        drain_stream(settings, name, changed_by=changed_by, within_seconds=within_seconds)
    except Unavailable:
        with connect(settings.dsn_file, application_name="weir-stop") as connection:
            driver_id = desired.fetch_submission(connection, name).driver_id
        if driver_id is None:
            raise
        kill_driver(settings, driver_id)
