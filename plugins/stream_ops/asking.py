"""Ask the driver that a task means to stop at a batch boundary, and no other driver.

The request is tied to an epoch: if it comes late, after a restart, the new driver goes on.
"""

from __future__ import annotations

import threading
import time

from weir.ops.adopt import request_drain
from weir.ops.follow import Sight, fetch_sight
from weir.ops.lease import ensure_stream
from weir.settings import Settings
from weir.store.postgres import connect

LOOK_SECONDS = 0.5
WAIT_SECONDS = 20.0  # Airflow gives 30


def meant(now: Sight, followed: int | None) -> int:
    """The epoch that a stop asked for now is about.

    `followed` is the one the task knows. A submission that has not taken the lease yet will take
    the next one.
    """
    if followed is not None:
        return followed
    return now.epoch if now.owned else now.epoch + 1


def epoch_meant(settings: Settings, stream: str, followed: int | None) -> int:
    """`meant`, by a look at the stream."""
    with connect(settings.dsn_file, application_name="weir-airflow") as connection:
        ensure_stream(connection, stream)
        return meant(fetch_sight(connection, stream), followed)


def ask_to_drain(
    settings: Settings, stream: str, epoch: int, *, wait_seconds: float = WAIT_SECONDS
) -> bool:
    """Ask, and wait a little; whether that epoch is over. Nothing else is changed."""
    pause = threading.Event()
    deadline = time.monotonic() + wait_seconds
    with connect(settings.dsn_file, application_name="weir-airflow") as connection:
        request_drain(connection, stream, epoch)
        while True:
            now = fetch_sight(connection, stream)
            if now.epoch > epoch or not now.owned:
                return True
            if time.monotonic() > deadline:
                return False
            pause.wait(LOOK_SECONDS)
