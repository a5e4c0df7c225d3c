"""The first thing a driver does: wait for PostgreSQL, then take the lease or leave."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
import structlog

from weir.errors import Unavailable
from weir.ops import desired, lease
from weir.settings import Settings
from weir.store.postgres import connect

log = structlog.get_logger()
LOOK_SECONDS = 0.5
MAX_WAIT_SECONDS = 5.0

LIMITS: dict[str, Any] = {
    "lock_timeout": "10s",
    "transaction_timeout": "300s",
    "idle_in_transaction_session_timeout": "60s",
}


def take_lease(settings: Settings, stream: str, *, owner: str, token: str) -> int | None:
    """The epoch this driver writes under; None when it has no business here (exit 0).

    PostgreSQL away is waited for, never a reason to leave.
    """
    with patiently(
        lambda: connect(settings.dsn_file, application_name="weir-start", **LIMITS)
    ) as c:
        lease.ensure_stream(c, stream)
        first, began = lease.fetch_lease(c, stream), time.monotonic()
        while True:
            now = lease.fetch_lease(c, stream)
            verdict, reason = lease.judge_start(
                first, now, my_token=token, watched_seconds=time.monotonic() - began
            )
            if verdict is lease.Verdict.TAKE:
                epoch = lease.acquire(c, now, owner=owner, token=token)
                if epoch is not None:
                    log.info("lease taken", stream=stream, epoch=epoch, because=reason)
                    return epoch
                continue  # another starter was faster: look again
            if verdict is lease.Verdict.GIVE_UP:
                desired.declare_failed(c, stream, now.epoch, reason)
            if verdict in (lease.Verdict.LEAVE, lease.Verdict.GIVE_UP):
                log.info("leaving", stream=stream, because=reason)
                return None
            if verdict is lease.Verdict.AGAIN:
                first, began = now, time.monotonic()
            time.sleep(LOOK_SECONDS)


def patiently(
    open_connection: Callable[[], lease.Pg], sleep: Callable[[float], None] = time.sleep
) -> lease.Pg:
    """A connection, however long PostgreSQL is away; one log line per minute or so."""
    wait = 0.2
    tries = 0
    while True:
        try:
            return open_connection()
        except (Unavailable, psycopg.OperationalError) as error:
            if tries % 12 == 0:
                log.warning("waiting for PostgreSQL", error=str(error).splitlines()[0])
            tries += 1
            sleep(wait)
            wait = min(MAX_WAIT_SECONDS, wait * 2)
