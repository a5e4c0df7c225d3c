"""Try every order of everything, breadth first, and judge every state that can be reached.

Sound reductions, none of which hides an order of visible effects: drivers that remember the same
are the same driver; an epoch is kept as "the newest or not"; a fenced driver that can only find
that out counts as dead; a Kafka transaction is invisible until it ends, so its rows are one step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from tests.support.protocol.around import events
from tests.support.protocol.recover import Recovery, Rules, Wrong, judge_now
from tests.support.protocol.sealed import LEASE, PRODUCER
from tests.support.protocol.slips import Slip
from tests.support.protocol.world import Driver, World, first_world

DIES, TAKES = "a driver dies", "a driver takes the lease"
State = tuple[int, ...]  # world, drivers started, drivers alive in order


@dataclass
class Found:
    """What an exploration has seen."""

    states: int = 0
    worlds: int = 0
    bad_states: Counter[Wrong] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)  # the shortest way to the first bad state


class Explorer:
    """All states of one protocol in one scope. Worlds and drivers are numbered as they appear."""

    def __init__(self, rules: Rules, slip: Slip | None = None) -> None:
        self.rules = rules
        self.slip = slip
        self._worlds: list[World] = []
        self._world_numbers: dict[World, int] = {}
        self._drivers: list[Driver] = []
        self._driver_numbers: dict[Driver, int] = {}
        self._steps: dict[tuple[int, int], list[tuple[str, int, int, str]]] = {}
        self._events: dict[int, list[tuple[str, int, str]]] = {}
        self._fenced: dict[tuple[int, str], int] = {}
        self._verdicts: dict[int, frozenset[Wrong]] = {}
        self._recovery = Recovery(rules, slip)

    def run(self, *, stop_at_first: bool = False, most_states: int = 50_000_000) -> Found:
        """Visit everything; the verdict counts states from which a run ends badly."""
        start: State = (self.number_of_world(first_world(self.rules.scope)), 0)
        came_from: dict[State, State | None] = {start: None}
        level, found = [start], Found()
        while level:
            following: list[State] = []
            for state in level:
                wrong = self.judge(state[0])
                if wrong:
                    found.bad_states.update(wrong)
                    if not found.story:
                        found.story = self.tell(came_from, state)
                    if stop_at_first:
                        following.clear()
                        break
                for _, after in self.successors(state):
                    if after not in came_from:
                        came_from[after] = state
                        following.append(after)
            if found.story and stop_at_first:
                break
            level = following
            assert len(came_from) <= most_states, "the scope is too large"
        found.states, found.worlds = len(came_from), len(self._worlds)
        return found

    def judge(self, world_number: int) -> frozenset[Wrong]:
        """What is wrong with this world, now or after the best recovery."""
        verdict = self._verdicts.get(world_number)
        if verdict is None:
            world = self._worlds[world_number]
            verdict = frozenset(judge_now(world)) or self._recovery.verdict(world)
            self._verdicts[world_number] = verdict
        return verdict

    def successors(self, state: State) -> Iterator[tuple[str, State]]:
        """Every next state: a driver's step, a driver's death, a new driver, an event."""
        world, started, *alive = state
        for place, driver in enumerate(alive):
            others = alive[:place] + alive[place + 1 :]
            if place and alive[place - 1] == driver:
                continue
            yield DIES, (world, started, *others)
            for what, after, then, fences in self.steps(world, driver):
                rest = [self.fenced(d, fences) for d in others] if fences else others
                yield what, (after, started, *sorted(d for d in (*rest, then) if d >= 0))
        if started < self.rules.scope.incarnations:
            rest = [self.fenced(d, LEASE) for d in alive]
            new = self.number_of_driver(self.rules.first)
            yield (
                TAKES,
                (
                    world,
                    started + 1,
                    *sorted(d for d in (*rest, new) if d >= 0),
                ),
            )
        for what, after, fences in self.events(world):
            rest = [self.fenced(d, fences) for d in alive] if fences else alive
            yield what, (after, started, *sorted(d for d in rest if d >= 0))

    def steps(self, world: int, driver: int) -> list[tuple[str, int, int, str]]:
        """The driver's next step in numbers; a dead driver is -1."""
        known = self._steps.get((world, driver))
        if known is None:
            moves = self.rules.steps(self._worlds[world], self._drivers[driver])
            known = [
                (m.what, self.number_of_world(m.world), self.number_of_driver(m.driver), m.fences)
                for m in moves
            ]
            self._steps[world, driver] = known
        return known

    def events(self, world: int) -> list[tuple[str, int, str]]:
        """What may happen around the drivers, in numbers."""
        known = self._events.get(world)
        if known is None:
            happening = events(self._worlds[world], self.rules.scope, self.slip)
            known = [(e.what, self.number_of_world(e.world), e.fences) for e in happening]
            self._events[world] = known
        return known

    def fenced(self, driver: int, fences: str) -> int:
        """The driver after another one took the lease or the producer's name from it."""
        known = self._fenced.get((driver, fences))
        if known is None:
            before = self._drivers[driver]
            after = before._replace(leased=False) if fences == LEASE else before
            after = after._replace(producing=False) if fences == PRODUCER else after
            known = self.number_of_driver(after)
            self._fenced[driver, fences] = known
        return known

    def number_of_world(self, world: World) -> int:
        number = self._world_numbers.setdefault(world, len(self._worlds))
        if number == len(self._worlds):
            self._worlds.append(world)
        return number

    def number_of_driver(self, driver: Driver | None) -> int:
        if driver is None or self.rules.is_spent(driver):
            return -1
        number = self._driver_numbers.setdefault(driver, len(self._drivers))
        if number == len(self._drivers):
            self._drivers.append(driver)
        return number

    def tell(self, came_from: dict[State, State | None], end: State) -> list[str]:
        """The way to a state, one step a line."""
        path: list[State] = []
        state: State | None = end
        while state is not None:
            path.append(state)
            state = came_from[state]
        path.reverse()
        return [
            next(what for what, after in self.successors(before) if after == then)
            for before, then in pairwise(path)
        ]
