"""What a batch of searches tells about products and users. Pure.

searches --tally--> popularity of products, affinities of users, pairs of products, last finds
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from weir.contracts.search_event import SearchEvent
from weir.market.heat import OF_A_USER, OF_THE_HOUR, OF_THE_WEEK, add_heat, heat_of

SHOWN: Final = 10
"""So many of a search's products count as shown: further down hardly anybody looks."""

FOUND: Final = 3
"""So many of them say something about the user."""

RECENT: Final = 20
PAIRED: Final = 10
"""So many last finds are kept of a user, and so many of them paired with a new one."""

SAME_WISH_MS: Final = 24 * 3_600_000


class Facts(NamedTuple):
    """What a product is, as far as users prefer it."""

    category: str
    brand: str | None


class Popular(NamedTuple):
    """One product in the searches of a batch."""

    category: str
    heat_hour: float
    heat_week: float
    searches: int
    last_ms: int


Affinity = tuple[str, str, str]
"""(user, "category" or "brand", value)"""


@dataclass(frozen=True)
class Tally:
    """What the batch adds; `recent` are the new last finds of each user in it: product -> ms."""

    popular: dict[str, Popular] = field(default_factory=dict)
    affinities: dict[Affinity, float] = field(default_factory=dict)
    together: dict[tuple[str, str], float] = field(default_factory=dict)
    recent: dict[str, dict[str, int]] = field(default_factory=dict)


def tally(
    searches: Iterable[SearchEvent],
    facts: Mapping[str, Facts],
    recent: Mapping[str, Mapping[str, int]],
) -> Tally:
    """Add up the searches. A product that is not in `facts` tells nothing.

    `recent`: the last finds of these users before the batch.
    """
    sums = Tally()
    for search in searches:
        shown = [product for product in dict.fromkeys(search.products) if product in facts]
        for rank, product in enumerate(shown[:SHOWN]):
            _add_popular(sums, product, facts[product], rank, search.searched_at_ms)
        if search.user is not None:
            found = shown[:FOUND]
            _add_affinities(sums, search, found, facts)
            before = sums.recent.get(search.user) or dict(recent.get(search.user, {}))
            _add_pairs(sums, found, before, search.searched_at_ms)
            for product in found:
                before[product] = max(search.searched_at_ms, before.get(product, 0))
            sums.recent[search.user] = newest(before, RECENT)
    return sums


def newest(seen: Mapping[str, int], limit: int) -> dict[str, int]:
    """The last so many finds, the newest first."""
    return dict(sorted(seen.items(), key=lambda one: (-one[1], one[0]))[:limit])


def _add_popular(sums: Tally, product: str, facts: Facts, rank: int, at_ms: int) -> None:
    weight, at = 1 / (1 + rank), at_ms / 1000
    hour, week = heat_of(weight, at, OF_THE_HOUR), heat_of(weight, at, OF_THE_WEEK)
    old = sums.popular.get(product)
    sums.popular[product] = (
        Popular(facts.category, hour, week, 1, at_ms)
        if old is None
        else Popular(
            facts.category,
            add_heat(old.heat_hour, hour),
            add_heat(old.heat_week, week),
            old.searches + 1,
            max(old.last_ms, at_ms),
        )
    )


def _add_affinities(
    sums: Tally, search: SearchEvent, found: list[str], facts: Mapping[str, Facts]
) -> None:
    assert search.user is not None
    wishes = [] if search.category is None else [("category", search.category, 1.0)]
    for rank, product in enumerate(found):
        category, brand = facts[product]
        wishes.append(("category", category, 1 / (1 + rank)))
        if brand is not None:
            wishes.append(("brand", brand, 1 / (1 + rank)))
    for kind, value, weight in wishes:
        key = (search.user, kind, value)
        heat = heat_of(weight, search.searched_at_ms / 1000, OF_A_USER)
        old = sums.affinities.get(key)
        sums.affinities[key] = heat if old is None else add_heat(old, heat)


def _add_pairs(sums: Tally, found: list[str], before: Mapping[str, int], at_ms: int) -> None:
    """Pairs of a new find and an earlier one; a search alone pairs nothing: its words did."""
    partners = [
        product
        for product, seen_ms in newest(before, PAIRED).items()
        if abs(at_ms - seen_ms) <= SAME_WISH_MS and product not in found
    ]
    for rank, product in enumerate(found):
        heat = heat_of(1 / (1 + rank), at_ms / 1000, OF_THE_WEEK)
        for other in partners:
            for pair in ((product, other), (other, product)):
                old = sums.together.get(pair)
                sums.together[pair] = heat if old is None else add_heat(old, heat)
