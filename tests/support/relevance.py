"""How well the search answers the judged queries of `tests/relevance/queries.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import yaml

from weir.market.search import search
from weir.market.search_request import Question
from weir.ops.lease import Pg
from weir.settings import REPO

QUERIES: Final = REPO / "tests" / "relevance" / "queries.yaml"
LOOKED_AT: Final = 10
Half = Literal["tuned", "held_out"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One query. place: of the first expected product, from 1; None: not among the first ten."""

    kind: str
    query: str
    expected: tuple[str, ...]
    place: int | None
    hits: tuple[str, ...]


def judge(pg: Pg, half: Half) -> list[Judged]:
    """Ask every query of this half."""
    return [judged(pg, entry) for entry in yaml.safe_load(QUERIES.read_text())[half]]


def judged(pg: Pg, entry: dict[str, Any]) -> Judged:
    """Ask one query."""
    prices = {name: Decimal(entry[name]) for name in ("min_price", "max_price") if name in entry}
    names = {name: entry[name] for name in ("category", "brand") if name in entry}
    question = Question(query=entry["query"], limit=LOOKED_AT, **names, **prices)
    hits = tuple(hit.product_id for hit in search(pg, question).hits)
    places = [place for place, hit in enumerate(hits, 1) if hit in entry["expect"]]
    return Judged(
        kind=entry["kind"],
        query=entry["query"],
        expected=tuple(entry["expect"]),
        place=min(places, default=None),
        hits=hits,
    )


def share_within(found: Sequence[Judged], places: int) -> float:
    """How many of the queries have an expected product among the first `places` hits."""
    return sum(one.place is not None and one.place <= places for one in found) / len(found)
