"""The bounded way from the thread that reads the network to the thread that writes to Kafka."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from weir.sources.wikimedia.client import Frame

MAX_FRAMES = 20_000
MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Replay:
    """From here on the source sends again what happened since `since_ms`; None: no longer."""

    since_ms: int | None


class Closed(Exception):
    """The collector stops: nobody takes frames any more."""


class FrameQueue:
    """Full at MAX_FRAMES or MAX_BYTES: then the reader waits, and so does the source."""

    def __init__(self, max_frames: int = MAX_FRAMES, max_bytes: int = MAX_BYTES) -> None:
        self._max = (max_frames, max_bytes)
        self._items: deque[list[Frame] | Replay] = deque()
        self._frames = self._bytes = self._unhandled = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: list[Frame] | Replay) -> None:
        """Add frames; waits for room. Raises Closed."""
        count, size = _measure(item)
        with self._changed:
            self._wait(lambda: self._frames < self._max[0] and self._bytes < self._max[1])
            self._items.append(item)
            self._frames += count
            self._bytes += size
            self._unhandled += 1
            self._changed.notify_all()

    def get(self, timeout_seconds: float) -> list[Frame] | Replay | None:
        """The next item, or None after `timeout_seconds`. Call `handled` when done with it."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._items), timeout_seconds)
            if not self._items:
                return None
            item = self._items.popleft()
            count, size = _measure(item)
            self._frames -= count
            self._bytes -= size
            self._changed.notify_all()
            return item

    def handled(self) -> None:
        """One item from `get` is dealt with."""
        with self._changed:
            self._unhandled -= 1
            self._changed.notify_all()

    def wait_until_handled(self) -> None:
        """Wait until everything put so far was handled. Raises Closed."""
        with self._changed:
            self._wait(lambda: self._unhandled == 0)

    def close(self) -> None:
        """Wake and refuse everyone who puts or waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], bool]) -> None:
        self._changed.wait_for(lambda: self._closed or condition())
        if self._closed:
            raise Closed


def _measure(item: list[Frame] | Replay) -> tuple[int, int]:
    if isinstance(item, Replay):
        return 0, 0
    return len(item), sum(len(frame.data) for frame in item)
