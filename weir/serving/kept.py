"""An answer kept for a moment, so that ten watching browsers cost as much as one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Remembers the value of each key for `seconds`; one caller reads, the others wait for it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._values: dict[Hashable, tuple[float, Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], Value]) -> Value:
        """The kept value of the key, or a newly read one. A failed read keeps nothing."""
        with self._lock:
            known = self._values.get(key)
            if known is not None and self._clock() - known[0] < self._seconds:
                return known[1]
            value = read()
            self._values[key] = (self._clock(), value)
            return value

    def forget(self) -> None:
        """Read anew at the next question: somebody has just changed something."""
        with self._lock:
            self._values.clear()
