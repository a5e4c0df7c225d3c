"""Drain a stream: stop at a batch boundary and stay parked."""

from __future__ import annotations

import time
from collections.abc import Callable

from weir.errors import Unavailable
from weir.ops import desired, lease
from weir.settings import Settings
from weir.store.postgres import connect

POLL_SECONDS = 0.3
DRAIN_SECONDS = 120.0


def drain_stream(
    settings: Settings, name: str, *, changed_by: str, within_seconds: float = DRAIN_SECONDS
) -> None:
    """Ask for a stop between two batches and wait for it. Raises Unavailable."""
    with connect(settings.dsn_file, application_name="weir-drain") as connection:
        lease.ensure_stream(connection, name)
        desired.want_drained(connection, name, changed_by, f"drained by {changed_by}")
        wait_until_quiet(connection, name, within_seconds=within_seconds)


def wait_until_quiet(
    connection: lease.Pg,
    name: str,
    *,
    within_seconds: float,
    go_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Wait until the lease is given back, or `go_on` says that nobody cares any more.

    False when the driver gives no sign of life instead: if it died, its relaunch sees that the
    stream is parked and leaves. Raises Unavailable when the time is over.
    """
    began = moved_at = time.monotonic()
    last = lease.fetch_lease(connection, name)
    while True:
        now = lease.fetch_lease(connection, name)
        if now.owner is None or not go_on():
            return True
        if now.beat != last.beat:
            moved_at, last = time.monotonic(), now
        elif time.monotonic() - moved_at > lease.TTL_SECONDS:
            return False
        if time.monotonic() - began > within_seconds:
            raise Unavailable(
                f"{name} still works on a batch after {within_seconds:.0f} s; "
                "it stops when that is done",
                f"wait, or end it at once: weir streams stop {name}",
            )
        time.sleep(POLL_SECONDS)
