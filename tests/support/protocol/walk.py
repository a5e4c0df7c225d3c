"""Seeded random walks through scopes that are too large to try everything in."""

from __future__ import annotations

import random

from tests.support.protocol.explore import DIES, TAKES, Explorer, Found, State
from tests.support.protocol.world import first_world

# A driver that always dies young never meets the later faults.
RARE = {DIES: 0.05, TAKES: 0.15}


def walk(explorer: Explorer, *, seed: int, walks: int, steps: int) -> Found:
    """Go `walks` times up to `steps` steps, judging each state; the story of the first bad one."""
    choices = random.Random(seed).choices
    found = Found()
    for _ in range(walks):
        state: State = (explorer.number_of_world(first_world(explorer.rules.scope)), 0)
        path: list[str] = []
        for _ in range(steps):
            ways = list(explorer.successors(state))
            if not ways:
                break
            weights = [RARE.get(what, 1.0) for what, _ in ways]
            ((what, state),) = choices(ways, weights)
            path.append(what)
            found.states += 1
            wrong = explorer.judge(state[0])
            if wrong:
                found.bad_states.update(wrong)
                found.story = found.story or path
                break
    return found
