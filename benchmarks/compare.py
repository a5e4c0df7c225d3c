"""Two recommenders compared on the same users: measures per user, and an interval for the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A mean and where 95 of 100 resamples of the users put it."""

    mean: float
    low: float
    high: float


def recall(recommended: Sequence[str], wanted: Sequence[str]) -> float:
    """The share of what was wanted (each as often as it was) that was recommended."""
    return sum(product in set(recommended) for product in wanted) / len(wanted)


def ndcg(recommended: Sequence[str], wanted: Sequence[str]) -> float:
    """1 when the most wanted come first; a gain is how often the product was wanted."""
    gains = [wanted.count(product) for product in recommended]
    best = sorted((wanted.count(product) for product in set(wanted)), reverse=True)
    ideal = _discounted(best[: len(recommended)])
    return _discounted(gains) / ideal if ideal else 0.0


def bootstrap(values: Sequence[float], *, seed: int = 1, resamples: int = 4000) -> Interval:
    """The mean of one value per user, and the 95 % percentile interval over users."""
    found = np.asarray(values, dtype=float)
    chooser = np.random.default_rng(seed)
    means = found[chooser.integers(len(found), size=(resamples, len(found)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(found.mean()), float(low), float(high))


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))
