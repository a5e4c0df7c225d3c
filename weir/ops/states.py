"""The states of a stream: a pure judgement from what can be seen, and what each one means.

Observed is derived each time it is asked for and never stored. `docs/states.md` is made from
this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from weir.ops.health_limits import HealthLimits
from weir.ops.lag import is_stalled
from weir.ops.lease import TTL_SECONDS

STARTING_SECONDS = 90.0
STALLED_SECONDS = HealthLimits().stalled_seconds  # unless the stream declares another


class Desired(StrEnum):
    """What people want; changed by a verb, a contract error or the restart breaker alone."""

    RUN = "run"
    DRAINED = "drained"
    FAILED = "failed"


class Observed(StrEnum):
    """What a stream is really doing."""

    STARTING = "starting"
    WAITING = "waiting"  # for room on a worker, or for task slots
    RUNNING = "running"
    DRAINING = "draining"
    STALLED = "stalled"  # alive, has messages to count, counts none
    RESTARTING = "restarting"  # its owner is silent; a relaunch should follow
    DOWN = "down"  # wanted, and nobody works
    ORPHANED = "orphaned"  # a driver works though nobody wants it
    PARKED = "parked"


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What can be seen of a stream, ages by the database's clock."""

    desired: str
    owned: bool
    draining: bool
    heartbeat_seconds: float | None
    submitted_seconds: float | None
    taken_seconds: float | None  # since its epoch began
    progress_seconds: float | None  # since the last batch of its epoch
    lag_messages: int | None
    waiting_seconds: float | None = None  # the oldest message that is not counted
    stalled_seconds: float = STALLED_SECONDS
    queued: bool = False  # no worker has room for its driver
    slotless: bool = False  # its application got no executor
    app_started: bool = False


def judge_state(signs: Signs) -> Observed:
    """The state that these signs mean."""
    alive = signs.owned and _below(TTL_SECONDS, signs.heartbeat_seconds)
    if alive and signs.draining:
        return Observed.DRAINING
    if signs.desired != Desired.RUN:
        return Observed.ORPHANED if alive else Observed.PARKED
    return _working(signs) if alive else _absent(signs)


def _absent(signs: Signs) -> Observed:
    """The state of a wanted stream of which no driver gives a sign of life."""
    if signs.queued:
        return Observed.WAITING
    # Who has just taken the lease gives its first sign of life in a moment.
    if _below(STARTING_SECONDS, signs.submitted_seconds) or (
        signs.owned and _below(TTL_SECONDS, signs.taken_seconds)
    ):
        return Observed.STARTING
    return Observed.RESTARTING if signs.owned else Observed.DOWN


def _working(signs: Signs) -> Observed:
    """The state of a wanted stream whose driver lives."""
    if signs.slotless:
        return Observed.WAITING
    if signs.progress_seconds is not None:
        return Observed.STALLED if _stalled(signs, signs.progress_seconds) else Observed.RUNNING
    if signs.app_started and signs.lag_messages == 0:
        return Observed.RUNNING  # nothing to count yet
    young = _below(STARTING_SECONDS, signs.submitted_seconds) or _below(
        STARTING_SECONDS, signs.taken_seconds
    )
    if young or not signs.lag_messages:
        return Observed.STARTING
    since_start = inf if signs.taken_seconds is None else signs.taken_seconds
    return Observed.STALLED if _stalled(signs, since_start) else Observed.RUNNING


def _stalled(signs: Signs, batch_seconds: float) -> bool:
    return is_stalled(
        lag_messages=signs.lag_messages,
        waiting_seconds=signs.waiting_seconds,
        batch_seconds=batch_seconds,
        limit_seconds=signs.stalled_seconds,
    )


def _below(limit: float, seconds: float | None) -> bool:
    return seconds is not None and seconds < limit


@dataclass(frozen=True)
class Meaning:
    """What a pair of desired and observed says to a person."""

    means: str
    follows: str  # without anybody's doing
    todo: str


_DRAINING = "it finishes the batch it is at"
_START = "`weir streams start NAME`"
MEANINGS: dict[tuple[Desired, Observed], Meaning] = {
    (Desired.RUN, Observed.STARTING): Meaning(
        "a driver was submitted or has just taken the lease, and counts nothing yet",
        "running, some twenty seconds later; longer while Kafka is away",
        "nothing; after two minutes `weir logs NAME`",
    ),
    (Desired.RUN, Observed.WAITING): Meaning(
        "no worker has room for its driver, or no task slot is free for its application",
        "starting, as soon as there is room",
        "drain a stream that is needed less, or raise `WEIR_SPARK_WORKER_CORES` or"
        " `WEIR_SPARK_WORKER_MEMORY_MB`",
    ),
    (Desired.RUN, Observed.RUNNING): Meaning(
        "its driver lives and counts, or there is nothing to count",
        "stays so",
        "nothing",
    ),
    (Desired.RUN, Observed.DRAINING): Meaning(
        f"{_DRAINING}; a new driver shall follow (its task was cleared)",
        "starting: Airflow submits the next driver",
        "nothing; without Airflow " + _START,
    ),
    (Desired.RUN, Observed.STALLED): Meaning(
        "its driver lives, messages wait, and no batch ended for a minute",
        "nothing by itself",
        "`weir logs NAME`; then `weir streams stop NAME` and " + _START,
    ),
    (Desired.RUN, Observed.RESTARTING): Meaning(
        "its driver died; Spark relaunches it, and after a minute Airflow submits another",
        "starting; too many in a row: failed",
        "`weir logs NAME` says why it died",
    ),
    (Desired.RUN, Observed.DOWN): Meaning(
        "it is wanted, and nobody works",
        "starting, if its DAG in Airflow is active",
        "unpause its DAG, or " + _START,
    ),
    (Desired.DRAINED, Observed.DRAINING): Meaning(
        f"{_DRAINING}, and gives the lease back", "parked", "wait; or `weir streams stop NAME`"
    ),
    (Desired.DRAINED, Observed.ORPHANED): Meaning(
        "a driver works though the stream is parked: it has not seen the order yet",
        "parked: the driver stops by itself, else `weir reconcile` ends it",
        "nothing; after two minutes `weir streams stop NAME`",
    ),
    (Desired.DRAINED, Observed.PARKED): Meaning(
        "somebody drained or stopped it; nobody works",
        "stays so, also through a restart of everything",
        _START,
    ),
    (Desired.FAILED, Observed.DRAINING): Meaning(
        f"it gave up; {_DRAINING}", "parked", "read the reason: `weir streams show NAME`"
    ),
    (Desired.FAILED, Observed.ORPHANED): Meaning(
        "it was given up, and a driver still works",
        "parked: the driver stops by itself, else `weir reconcile` ends it",
        "`weir streams stop NAME`",
    ),
    (Desired.FAILED, Observed.PARKED): Meaning(
        "going on would lose or double data, or it restarted too often; nobody works",
        "stays so",
        "read the reason (`weir streams show NAME`), repair it, then " + _START,
    ),
}
"""Every pair that can be; no signs lead to another one."""


def meaning_of(desired: str, observed: str) -> Meaning:
    """What this pair says, and what to do next."""
    return MEANINGS[Desired(desired), Observed(observed)]
