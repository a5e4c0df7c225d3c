"""What a world comes to when all processes die now and one of each kind runs without a fault."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Protocol

from tests.support.protocol.around import published, wake_service
from tests.support.protocol.sealed import Move
from tests.support.protocol.slips import Slip
from tests.support.protocol.world import (
    ALL,
    NOTHING,
    Driver,
    Scope,
    World,
    rows_of,
)

STARTS = 6  # as often as a supervisor tries


class Wrong(Enum):
    """How a run can end badly."""

    LOST = "a row that nobody will ever read"
    DOUBLE = "a row that a reader got twice"
    LEAKED = "a row in Kafka that PostgreSQL does not have"
    TOO_LATE = "a row sealed after its campaign was cancelled"
    TOO_EARLY = "a row sealed before its campaign started"
    STUCK = "a start refused though nothing is missing"


class Rules(Protocol):
    """What the explorer needs of a protocol."""

    scope: Scope
    first: Driver

    def steps(self, world: World, driver: Driver) -> list[Move]:
        """Every way in which this driver's next step can end; the first is without a fault."""

    def is_spent(self, driver: Driver) -> bool:
        """Whether a fenced driver can do nothing any more that others see."""


def judge_now(world: World) -> set[Wrong]:
    """What a concurrent reader could complain about at this moment."""
    wrong = set()
    if world.twice:
        wrong.add(Wrong.DOUBLE)
    if world.seen & ~world.table:
        wrong.add(Wrong.LEAKED)
    if world.late_cancel:
        wrong.add(Wrong.TOO_LATE)
    if not world.started and world.table & rows_of(0, ALL):
        wrong.add(Wrong.TOO_EARLY)
    return wrong


def judge_end(world: World, scope: Scope) -> set[Wrong]:
    """What is wrong when everything was done. Without wake-ups nobody is owed a late message."""
    wrong = judge_now(world)
    sent = [record for record in world.input if record >= 0]
    owed = world.table
    clients = world.subscribers if scope.wakes else scope.clients
    for campaign in sent:
        if campaign != 0 or (world.started and not world.cancelled):
            owed |= rows_of(campaign, clients)
    if owed & ~(world.seen & world.table):
        wrong.add(Wrong.LOST)
    return wrong


class Recovery:
    """Runs drivers and the wake-up service to the end without a fault, and judges.

    Many worlds come to the same way; what the rest of it comes to is remembered.
    """

    def __init__(self, rules: Rules, slip: Slip | None) -> None:
        self.rules = rules
        self.slip = slip
        self._wide = replace(rules.scope, wakes=rules.scope.wakes and 99)
        self._known: dict[tuple[World, Driver], frozenset[Wrong]] = {}

    def verdict(self, world: World) -> frozenset[Wrong]:
        """What is wrong in the end when all processes die in this world."""
        world = world._replace(waking=("", 0))
        way: list[tuple[World, Driver]] = []
        end: frozenset[Wrong] | None = None
        for _ in range(STARTS):
            world, end = self._run_driver(world, way)
            if end is not None:
                break
            if world.refused and world.answer == NOTHING:
                if world.topic_losses == self.rules.scope.topic_losses:
                    break
                world = world._replace(answer=published(world, self.rules.scope))
        verdict = frozenset({Wrong.STUCK}) if end is None else end
        self._known.update(dict.fromkeys(way, verdict))
        return verdict

    def _run_driver(
        self, world: World, way: list[tuple[World, Driver]]
    ) -> tuple[World, frozenset[Wrong] | None]:
        """Until everything is done, or this driver is dead."""
        driver: Driver | None = self.rules.first
        while driver is not None:
            known = self._known.get((world, driver))
            if known is not None:
                return world, known
            way.append((world, driver))
            moves = self.rules.steps(world, driver)
            if moves:
                world, driver = moves[0].world, moves[0].driver
                continue
            woken = world
            for event in wake_service(world, self._wide, self.slip):
                woken = event.world
            if woken is world:
                return world, frozenset(judge_end(world, self.rules.scope))
            world = woken
        return world, None
