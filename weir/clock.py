"""Time as an argument: code that needs the time is given a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the aware UTC time."""

Monotonic = Callable[[], float]
"""Returns seconds that never run backwards."""


def utc_now() -> datetime:
    """The aware UTC time of this machine."""
    return datetime.now(UTC)


monotonic: Monotonic = time.monotonic
