"""Waits, between looks without a worker slot, until the collector has left a window behind."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseSensorOperator, Context

from stream_ops.window import window
from weir.settings import load_settings
from weir.sources.wikimedia.refill_window import has_left


class CollectorHasLeft(BaseSensorOperator):
    """Succeeds when the Wikimedia collector can no longer bring the run's window by itself.

    Before that a refill would bring the same events as the collector that catches up.
    """

    def __init__(self, *, poke_interval: float = 60, timeout: float = 6 * 3600, **kwargs: Any):
        super().__init__(mode="reschedule", poke_interval=poke_interval, timeout=timeout, **kwargs)

    def poke(self, context: Context) -> bool:
        return has_left(load_settings(), window(context))
