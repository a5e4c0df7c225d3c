"""Which of the candidates somebody is shown, in which order, and why. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from weir.market.heat import DAY, OF_A_USER, OF_THE_HOUR, OF_THE_WEEK, weight_now


class Signal(StrEnum):
    """What can speak for a product."""

    HOUR = "hour"
    WEEK = "week"
    CATEGORY = "category"
    BRAND = "brand"
    TOGETHER = "together"
    NEW = "new"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A product and what is known of it; a heat is None where there is none."""

    product_id: str
    sku: str
    name: str
    category: str
    brand: str | None
    shop: str
    price: Decimal
    currency: str
    created_at: datetime
    heat_hour: float | None = None
    heat_week: float | None = None
    together: float | None = None
    found_with_id: str | None = None  # the user's own find that `together` is strongest with
    found_with: str | None = None  # its name


@dataclass(frozen=True)
class Taste:
    """Heats of one user's categories and brands; empty for somebody unknown."""

    categories: Mapping[str, float] = field(default_factory=dict)
    brands: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """A candidate with the sum of what speaks for it, and its parts."""

    candidate: Candidate
    score: float
    parts: Mapping[Signal, float]


WEIGHTS: Final[Mapping[Signal, float]] = {
    Signal.WEEK: 1.0,
    Signal.HOUR: 0.3,
    Signal.CATEGORY: 0.5,
    Signal.BRAND: 1.0,
    Signal.TOGETHER: 1.1,
    Signal.NEW: 0.2,
}
"""Set on the first half of the generated history of benchmarks/market_recommend_quality.py."""

POPULARITY_ONLY: Final[Mapping[Signal, float]] = {Signal.WEEK: 1.0}

NEW_HALF_LIFE: Final = 7 * DAY
FOUND_BY_ALIKE: Final = "found by those who found what you found"
IN_FASHION: Final = 0.5
"""Less than one search's worth within the half-life is no fashion of the hour."""


def score(
    candidates: Iterable[Candidate],
    taste: Taste,
    now_seconds: float,
    weights: Mapping[Signal, float] = WEIGHTS,
) -> list[Scored]:
    """The candidates, the best first; equal ones by id, so that equal questions agree.

    Each part lies between 0 and its weight: counts are compared with the highest among the
    candidates, by their logarithms, because the most popular would drown all else.
    """
    found = list(candidates)
    hours = [weight_now(c.heat_hour, now_seconds, OF_THE_HOUR) for c in found]
    weeks = [weight_now(c.heat_week, now_seconds, OF_THE_WEEK) for c in found]
    together = [weight_now(c.together, now_seconds, OF_THE_WEEK) for c in found]
    categories = _shares(taste.categories, now_seconds)
    brands = _shares(taste.brands, now_seconds)
    signals: Mapping[Signal, Sequence[float]] = {
        Signal.HOUR: _by_highest([w if w >= IN_FASHION else 0.0 for w in hours]),
        Signal.WEEK: _by_highest(weeks),
        Signal.CATEGORY: [categories.get(c.category, 0.0) for c in found],
        Signal.BRAND: [brands.get(c.brand or "", 0.0) for c in found],
        Signal.TOGETHER: _by_highest(together),
        Signal.NEW: [_newness(c, now_seconds) for c in found],
    }
    scored = []
    for at, candidate in enumerate(found):
        parts = {
            signal: weights.get(signal, 0.0) * column[at] for signal, column in signals.items()
        }
        scored.append(Scored(candidate=candidate, score=sum(parts.values()), parts=parts))
    return sorted(scored, key=lambda one: (-one.score, one.candidate.product_id))


def reason_of(scored: Scored, shown: Collection[str]) -> str:
    """In words, what spoke most for this product. Names only products that may be `shown`."""
    candidate, parts = scored.candidate, scored.parts
    strongest = max(parts, key=lambda signal: (parts[signal], signal), default=Signal.NEW)
    if parts.get(strongest, 0.0) <= 0.0:
        strongest = Signal.NEW
    match strongest:
        case Signal.TOGETHER if candidate.found_with_id in shown:
            return f"found by those who also found {candidate.found_with}"
        case Signal.TOGETHER:
            return FOUND_BY_ALIKE
        case Signal.HOUR:
            return f"popular in {candidate.category} this hour"
        case Signal.CATEGORY:
            return f"you often look at {candidate.category}"
        case Signal.BRAND:
            return f"you often look at {candidate.brand}"
        case Signal.NEW:
            return f"new in {candidate.category}"
    return f"popular in {candidate.category} this week"


def _shares(heats: Mapping[str, float], now_seconds: float) -> dict[str, float]:
    """Each wish as a share of the strongest one, so that a favourite is 1."""
    left = {name: weight_now(heat, now_seconds, OF_A_USER) for name, heat in heats.items()}
    highest = max(left.values(), default=0.0)
    return {name: weight / highest for name, weight in left.items()} if highest else {}


def _by_highest(weights: Sequence[float]) -> list[float]:
    highest = max(weights, default=0.0)
    return [math.log1p(w) / math.log1p(highest) if highest else 0.0 for w in weights]


def _newness(candidate: Candidate, now_seconds: float) -> float:
    age = max(0.0, now_seconds - candidate.created_at.timestamp())
    return float(0.5 ** min(age / NEW_HALF_LIFE, 60.0))
