"""Waiting for a condition of a real system, with a limit and a report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(
    read: Callable[[], Value],
    expected: Callable[[Value], bool],
    *,
    within_seconds: float = 30.0,
    every_seconds: float = 0.1,
) -> Value:
    """Read until `expected` holds; return what was read. Fails with the last value seen."""
    deadline = time.monotonic() + within_seconds
    pause = threading.Event()
    while True:
        value = read()
        if expected(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_seconds} s; last seen: {value!r}")
        pause.wait(every_seconds)
