"""How long a driver waits for what is away."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest

from spark_jobs.lib.patience import RETRY_SECONDS, patiently
from weir.errors import SettingError, Unavailable


class Stop(threading.Event):
    """A flag whose waiting moves a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()


def failing(times: float, error: Exception, stop: Stop, takes: float = 0.0) -> Callable[[], int]:
    """Fails so often, each time after so many seconds, then tells how often."""
    tried = 0

    def act() -> int:
        nonlocal tried
        stop.now += takes
        tried += 1
        if tried <= times:
            raise error
        return tried

    return act


def wait_for(act: Callable[[], int], stop: Stop, seconds: float = RETRY_SECONDS) -> int:
    return patiently(act, stop=stop, seconds=seconds, clock=lambda: stop.now)


def test_a_long_work_that_fails_late_is_tried_again() -> None:
    """A million subscribers take longer than PostgreSQL needs to start."""
    stop = Stop()
    act = failing(1, psycopg.OperationalError("lost"), stop, takes=RETRY_SECONDS + 1)
    assert wait_for(act, stop) == 2


def test_what_stays_away_is_given_up_in_time() -> None:
    """The next driver may have more luck."""
    stop = Stop()
    with pytest.raises(Unavailable, match="away"):
        wait_for(failing(10**9, Unavailable("away"), stop), stop)
    assert RETRY_SECONDS < stop.now - 1000.0 < RETRY_SECONDS + 2


def test_a_stop_ends_the_waiting() -> None:
    """A drain while PostgreSQL is away."""
    stop = Stop()
    stop.set()
    with pytest.raises(Unavailable):
        wait_for(failing(1, Unavailable("away"), stop), stop)


@pytest.mark.parametrize(
    "error",
    [
        SettingError("no such topic"),
        psycopg.errors.ProgramLimitExceeded("a key too long"),
        psycopg.errors.UniqueViolation("twice"),
        ValueError("odd"),
    ],
)
def test_what_does_not_pass_by_itself_is_not_waited_for(error: Exception) -> None:
    """Waiting would only hide it."""
    stop = Stop()
    with pytest.raises(type(error)):
        wait_for(failing(1, error, stop), stop)
    assert stop.now == 1000.0
