"""Kafka away at the start is waited for; a relaunch loop would only make noise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from weir.errors import Unavailable
from weir.kafka.offsets import first_offsets
from weir.settings import Settings

log = structlog.get_logger()
WAIT_SECONDS = 2.0
Answer = TypeVar("Answer")


def first_offsets_patiently(
    settings: Settings, topic: str, stop: threading.Event
) -> dict[int, int]:
    """The oldest kept offset of each partition, however long Kafka is away.

    Raises Unavailable only when a stop is asked for meanwhile; SettingError for a missing topic.
    """
    return patiently(lambda: dict(first_offsets(settings, topic)), stop)


def patiently(ask: Callable[[], Answer], stop: threading.Event) -> Answer:
    """What `ask` answers, however long Kafka is away; Unavailable only when a stop is asked for."""
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
