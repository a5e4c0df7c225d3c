"""A generated history of searches whose users have known preferences.

Each user has a few liked categories, liked brands, and belongs to a circle whose members look for
the same things across categories. What a user looks for next is drawn from exactly that taste, so
one can tell how much of it a recommender has found. It says nothing about real people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from weir.contracts.search_event import SearchEvent

Floats = npt.NDArray[np.float64]

CATEGORIES: Final = 8
BRANDS: Final = 10  # of each category
CIRCLES: Final = 12
SHOWN: Final = 10
DAYS: Final = 14


@dataclass(frozen=True, kw_only=True)
class World:
    """Products with their traits, and what each user wants: a row of chances per user."""

    categories: npt.NDArray[np.int64]
    brands: npt.NDArray[np.int64]
    appeal: Floats
    wants: Floats

    @property
    def users(self) -> int:
        return int(self.wants.shape[0])

    @property
    def products(self) -> int:
        return int(self.wants.shape[1])


def make_world(seed: int, *, products: int, users: int, strength: float) -> World:
    """`strength` 0: all users want the same; 1: a liked brand is wanted six times as much."""
    chooser = np.random.default_rng(seed)
    categories = chooser.integers(CATEGORIES, size=products)
    brands = categories * BRANDS + chooser.integers(BRANDS, size=products)
    circles = chooser.integers(CIRCLES, size=products)
    appeal = 1.0 / (1.0 + chooser.permutation(products)) ** 0.8  # a few are wanted by everybody
    liked_categories = chooser.dirichlet(np.full(CATEGORIES, 0.3), size=users) * CATEGORIES
    liked_brands = np.where(chooser.random((users, CATEGORIES * BRANDS)) < 0.15, 6.0, 1.0)
    circle_of = chooser.integers(CIRCLES, size=users)
    in_circle = np.where(circle_of[:, None] == circles[None, :], 5.0, 1.0)
    taste = liked_categories[:, categories] * liked_brands[:, brands] * in_circle
    wants = appeal[None, :] * np.maximum(taste, 1e-6) ** strength
    return World(
        categories=categories,
        brands=brands,
        appeal=appeal,
        wants=wants / wants.sum(axis=1, keepdims=True),
    )


def searches(world: World, seed: int, *, each: int, until: datetime) -> Iterator[SearchEvent]:
    """`each` searches of every user in the last days before `until`, in the order of time.

    A search shows what the user wanted among others of its category, first or near the top.
    """
    chooser = np.random.default_rng(seed)
    order = chooser.permutation(np.repeat(np.arange(world.users), each))
    alike = [np.flatnonzero(world.categories == c) for c in range(CATEGORIES)]
    likely = [world.appeal[ids] / world.appeal[ids].sum() for ids in alike]
    for number, user in enumerate(order):
        wanted = int(chooser.choice(world.products, p=world.wants[user]))
        category = int(world.categories[wanted])
        others = chooser.choice(alike[category], size=SHOWN, p=likely[category])
        shown = [int(other) for other in others if other != wanted]
        shown.insert(min(int(chooser.geometric(0.6)) - 1, len(shown)), wanted)
        at = until - timedelta(days=DAYS * (1 - number / len(order)))
        yield SearchEvent(
            search_id=f"s{number}",
            user=f"u{user}",
            query="generated",
            searched_at_ms=int(at.timestamp() * 1000),
            found=len(shown),
            products=tuple(f"p{product}" for product in shown),
        )


def wanted_next(world: World, seed: int, *, each: int) -> list[list[str]]:
    """What every user wants next: held out, drawn from the same taste as the searches."""
    chooser = np.random.default_rng(seed)
    return [
        [f"p{p}" for p in chooser.choice(world.products, size=each, p=world.wants[user])]
        for user in range(world.users)
    ]
