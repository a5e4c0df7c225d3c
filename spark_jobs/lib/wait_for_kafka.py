"""Kafka away at the start is waited for; a relaunch loop would only make noise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from weir.errors import Unavailable

log = structlog.get_logger()
WAIT_SECONDS = 2.0
Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer], stop: threading.Event) -> Answer:
    """What `ask` answers, however long Kafka is away; Unavailable only when a stop is asked for.

    What Kafka refuses is raised: no waiting helps.
    """
    complained = False
    while True:
        try:
            return ask()
        except Unavailable as error:
            if stop.is_set():
                raise
            if not complained:
                log.warning("waiting for Kafka", error=error.what)
                complained = True
            stop.wait(WAIT_SECONDS)
