"""Weights that fade, kept as one number each that needs no touching while time passes.

A thing that was wanted with weight w at second t, and fades with a half-life h, has the heat
`ln(w) + t * ln(2) / h`. What matters of it: all things fade alike, so the order of heats never
changes and an index keeps it; two heats add up to one in any order; and what a heat is worth now
is `exp(heat - now * ln(2) / h)`. PostgreSQL has the same sum as `market.add_heat`.
"""

from __future__ import annotations

import math
from typing import Final

HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR

# Half-lives, in seconds. A change makes stored heats meaningless: it needs a new column.
OF_THE_HOUR: Final = HOUR / 2
OF_THE_WEEK: Final = 3 * DAY
OF_A_USER: Final = 14 * DAY

NEGLIGIBLE: Final = 40.0
"""Heats further apart than this differ by more than a double can tell."""


def heat_of(weight: float, at_seconds: float, half_life_seconds: float) -> float:
    """The heat of one wish. `weight` is positive, `at_seconds` unix time."""
    return math.log(weight) + at_seconds * math.log(2) / half_life_seconds


def add_heat(one: float, other: float) -> float:
    """The heat of both together."""
    high, low = max(one, other), min(one, other)
    return high if high - low > NEGLIGIBLE else high + math.log1p(math.exp(low - high))


def weight_now(heat: float | None, now_seconds: float, half_life_seconds: float) -> float:
    """What is left of the weight; 0.0 for nothing, or for what has faded beyond measure."""
    if heat is None:
        return 0.0
    left = heat - now_seconds * math.log(2) / half_life_seconds
    return math.exp(min(left, NEGLIGIBLE)) if left > -NEGLIGIBLE else 0.0
