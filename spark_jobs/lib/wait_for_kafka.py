"""Kafka away at the start is waited for; a relaunch loop would only make noise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from spark_jobs.lib import patience
from weir.errors import Unavailable

WAIT_SECONDS = 2.0
Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer], stop: threading.Event) -> Answer:
    """What `ask` answers, however long Kafka is away; Unavailable only when a stop is asked for.

    What Kafka refuses is raised: no waiting helps.
    """
    return patience.patiently(
        ask,
        stop=stop,
        away=lambda error: isinstance(error, Unavailable),
        wait_seconds=WAIT_SECONDS,
    )
