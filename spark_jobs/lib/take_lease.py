"""The first thing a driver does: wait for PostgreSQL, then take the lease or leave."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

import structlog

from spark_jobs.lib.patience import patiently
from weir.ops import desired, lease
from weir.ops.breaker import RestartLimit, fetch_restarts, judge_restarts
from weir.settings import Settings
from weir.store.postgres import connect

log = structlog.get_logger()
LOOK_SECONDS = 0.5
DRIVER_FOLDER = re.compile(r"driver-\d+-\d+")

LIMITS: dict[str, Any] = {
    "lock_timeout": "10s",
    "transaction_timeout": "300s",
    "idle_in_transaction_session_timeout": "60s",
}


def take_lease(
    settings: Settings,
    stream: str,
    *,
    owner: str,
    token: str,
    restarts: RestartLimit | None = None,
) -> int | None:
    """The epoch this driver writes under; None when it has no business here (exit 0).

    A restart too many parks the stream as failed. PostgreSQL away is waited for, never a reason
    to leave.
    """
    limit = restarts or RestartLimit()
    with patiently(
        lambda: connect(settings.dsn_file, application_name="weir-start", **LIMITS),
        stop=threading.Event(),
    ) as c:
        lease.ensure_stream(c, stream)
        first, began = lease.fetch_lease(c, stream), time.monotonic()
        while True:
            now = lease.fetch_lease(c, stream)
            verdict, reason = lease.judge_start(
                first, now, my_token=token, watched_seconds=time.monotonic() - began
            )
            if verdict is lease.Verdict.TAKE and now.owner is not None:
                tired = judge_restarts(fetch_restarts(c, stream, limit), limit)
                if tired:
                    verdict, reason = lease.Verdict.GIVE_UP, tired
            if verdict is lease.Verdict.TAKE:
                driver_id = driver_of(Path.cwd())
                epoch = lease.acquire(c, now, owner=owner, token=token, driver_id=driver_id)
                if epoch is not None:
                    log.info("lease taken", stream=stream, epoch=epoch, because=reason)
                    return epoch
                continue  # another starter was faster: look again
            if verdict is lease.Verdict.GIVE_UP and desired.declare_failed(
                c, stream, now.epoch, reason
            ):
                lease.retire(c, now)
            if verdict in (lease.Verdict.LEAVE, lease.Verdict.GIVE_UP):
                log.info("leaving", stream=stream, because=reason)
                return None
            if verdict is lease.Verdict.AGAIN:
                first, began = now, time.monotonic()
            time.sleep(LOOK_SECONDS)


def driver_of(folder: Path) -> str | None:
    """The driver's number: a worker starts each driver in a folder of that name."""
    return folder.name if DRIVER_FOLDER.fullmatch(folder.name) else None
