"""The flags between the threads of a driver: who asked for a stop, and is a batch at work?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

LOOK_SECONDS = 0.1


class StopRequested(Exception):
    """Raised at the start of a batch, before any side effect: the batch is replayed later."""


class Control:
    """Set by the pulse, read by batches and the main thread."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.fenced = threading.Event()
        self.working = threading.Lock()
        self.last_batch: dict[str, Any] | None = None
        self.batches = 0

    @contextmanager
    def batch(self) -> Iterator[None]:
        """A batch at work; it begins only if nobody asked for a stop.

        While the query is being stopped it gives way: the stop waits for this very thread.
        """
        while not self.working.acquire(timeout=LOOK_SECONDS):
            self.raise_if_asked()
        try:
            self.raise_if_asked()
            yield
            self.batches += 1
        finally:
            self.working.release()

    def raise_if_asked(self) -> None:
        """Raises StopRequested if the stream shall stop; between two decisions of a batch."""
        if self.stop.is_set():
            raise StopRequested

    def done(self, query: str, batch_id: int, rows: int, **more: int) -> None:
        """Remember the newest finished batch, and `more` about it, for the proof of life."""
        ended = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.last_batch = {
            "query": query,
            "batch_id": batch_id,
            "ended_at": ended,
            "rows": rows,
            **more,
        }

    def stop_between_batches(self, stop_query: Any) -> bool:
        """Stop the query if a stop was asked for and no batch is at work (an idle stream)."""
        if not self.stop.is_set() or not self.working.acquire(blocking=False):
            return False
        try:
            stop_query()
            return True
        finally:
            self.working.release()
