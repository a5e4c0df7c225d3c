"""Compare what people want with what the cluster runs, and put right what nobody else will.

Pure: from one look at a stream to the acts. Restarts nothing that others restart: Spark relaunches
a driver that dies and Airflow submits the next one. What is left are drivers that nobody wants (a
stop request that was missed, a second driver), a stream whose drivers only die, and one that Spark
forgot: a master that dies while it relaunches a driver of a dead worker has neither the old one nor
the new one in its recovery store (seen with Spark 4.2.0), and without Airflow nobody would submit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from weir.ops.breaker import RestartLimit, judge_restarts

ORPHAN_SECONDS = 60.0
"""A driver without business has so long to notice it: longer than its start and its watch."""
FORGOTTEN_SECONDS = 120.0
"""By then Spark has relaunched a silent driver, or Airflow has submitted the next one."""
MAX_LOST = 3
"""So many submissions in a row that died before their first word park the stream."""


class Act(StrEnum):
    """What reconcile does about a stream."""

    ASK = "ask"  # the living owner to stop at a batch boundary
    KILL = "kill"  # a driver
    FAIL = "fail"  # park the stream as failed
    SUBMIT = "submit"  # a driver


@dataclass(frozen=True, kw_only=True)
class LivingDriver:
    """A driver of the stream that the master has in work."""

    driver_id: str
    known_seconds: float  # since it was submitted, or took its newest lease


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a stream; ages by the database's clock.

    mute_seconds: how long the newest driver has run without ever taking the lease, not counting
    the time in which PostgreSQL was away; None when it has taken it, or does not run.
    lost: submissions since the last start that died before they took the lease.
    forgotten_seconds: how long the owner of the lease has been silent, while the master has no
    driver and no application of the stream; None else, and when the lease was given back.
    forsaken: why nobody follows the driver any more; None while somebody may.
    """

    desired: str
    unwanted_seconds: float  # since the wish changed
    alive: bool
    draining: bool
    owner_driver: str | None  # None: nobody holds the lease, or its driver cannot be told
    drivers: tuple[LivingDriver, ...]
    restarts: int
    lost: int
    mute_seconds: float | None
    forgotten_seconds: float | None = None
    forsaken: str | None = None


@dataclass(frozen=True)
class Deed:
    """An act with its reason; `driver_id` for a kill."""

    act: Act
    reason: str
    driver_id: str | None = None


def judge_look(look: Look, limit: RestartLimit) -> tuple[Deed, ...]:
    """What to do about a stream now; empty in nearly every look."""
    return tuple(_wanted(look, limit) if look.desired == "run" else _unwanted(look))


def _wanted(look: Look, limit: RestartLimit) -> Iterator[Deed]:
    if look.alive:
        if look.forsaken and not look.draining:
            yield Deed(Act.ASK, look.forsaken)
        yield from _strangers(look)
        return
    tired = judge_restarts(look.restarts, limit)
    minutes = limit.within_minutes
    if tired:
        yield Deed(Act.FAIL, tired)
    elif look.lost >= MAX_LOST:
        yield Deed(Act.FAIL, f"{look.lost} drivers in a row died before they took the lease")
    elif look.mute_seconds is not None and look.mute_seconds > minutes * 60:
        yield Deed(Act.FAIL, f"its driver has run for {minutes} minutes and never took the lease")
    elif look.forgotten_seconds is not None and look.forgotten_seconds > FORGOTTEN_SECONDS:
        silent = f"silent for {look.forgotten_seconds:.0f} s"
        yield Deed(Act.SUBMIT, f"its driver is {silent}, and the master knows none")


def _unwanted(look: Look) -> Iterator[Deed]:
    """Nobody shall work. A living owner is asked, and may finish its batch."""
    if look.unwanted_seconds <= ORPHAN_SECONDS:
        return
    if look.alive:
        if not look.draining:
            yield Deed(Act.ASK, f"it works though the stream is {look.desired}")
        yield from _strangers(look)
        return
    for driver in look.drivers:
        if driver.known_seconds > ORPHAN_SECONDS:
            reason = f"it runs though the stream is {look.desired}"
            yield Deed(Act.KILL, reason, driver.driver_id)


def _strangers(look: Look) -> Iterator[Deed]:
    """Beside a living owner whose driver is known, no other driver of the stream has business.

    While the owner drains, its successor waits for the lease.
    """
    if look.owner_driver is None or look.draining:
        return
    for driver in look.drivers:
        if driver.driver_id != look.owner_driver and driver.known_seconds > ORPHAN_SECONDS:
            reason = f"the lease is held by {look.owner_driver}"
            yield Deed(Act.KILL, reason, driver.driver_id)
