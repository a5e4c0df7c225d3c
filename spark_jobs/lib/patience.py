"""Again while a service is away: the one way in which a driver waits for PostgreSQL or Kafka."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final, TypeVar

import psycopg
import structlog

from spark_jobs.lib.guard import first_line, is_surroundings
from weir.clock import Monotonic, monotonic
from weir.errors import Unavailable

log = structlog.get_logger()
Answer = TypeVar("Answer")

RETRY_SECONDS: Final = 300.0
"""In the middle of a batch; then the driver begins anew."""
WAIT_SECONDS: Final = 0.5
COMPLAIN_SECONDS: Final = 60.0


def is_away(error: Exception) -> bool:
    """Whether PostgreSQL, or what is read beside it, may be back in a moment."""
    return isinstance(error, (psycopg.OperationalError, Unavailable)) and is_surroundings(error)


def patiently(
    act: Callable[[], Answer],
    *,
    stop: threading.Event,
    away: Callable[[Exception], bool] = is_away,
    seconds: float = math.inf,
    wait_seconds: float = WAIT_SECONDS,
    clock: Monotonic = monotonic,
) -> Answer:
    """What `act` returns, tried again while it fails by something that is `away`.

    Raises what `act` raised, once `seconds` have passed since the first failure (a long work that
    fails late has all of them), or `stop` is set. `act` must be harmless to call again.
    """
    failed: float | None = None
    complained = -math.inf
    while True:
        try:
            return act()
        except Exception as error:
            now = clock()
            failed = now if failed is None else failed
            if stop.is_set() or not away(error) or now - failed > seconds:
                raise
            if now - complained >= COMPLAIN_SECONDS:
                log.warning("tried again", error=first_line(error))
                complained = now
        stop.wait(wait_seconds)
