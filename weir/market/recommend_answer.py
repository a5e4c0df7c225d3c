"""From a request to its answer: candidates, their order, and what may be shown at this moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from weir.clock import Clock
from weir.contracts.recommendation import Answer, Item, Request
from weir.market.allowed import fetch_allowed
from weir.market.recommend_candidates import fetch_candidates
from weir.market.recommend_score import FOUND_BY_ALIKE, WEIGHTS, Scored, Signal, reason_of, score
from weir.market.recommend_store import fetch_taste
from weir.ops.lease import Pg

ASKED_AT_ONCE: Final = 60
"""So many of the best are compared with the ban list in one question."""


def answer_request(
    connection: Pg, request: Request, clock: Clock, weights: Mapping[Signal, float] = WEIGHTS
) -> Answer:
    """The answer as of now; the ban list is looked at last. The connection is in autocommit mode.

    In a transaction of its caller a ban of the same moment would not be seen.
    """
    candidates = fetch_candidates(connection, request)
    taste = fetch_taste(connection, request.user)
    ordered = score(candidates, taste, clock().timestamp(), weights)
    items = pick(ordered, request.limit, lambda ids: fetch_allowed(connection, ids))
    return Answer(
        correlation_id=request.correlation_id,
        answered_at_ms=int(clock().timestamp() * 1000),
        deadline_ms=request.deadline_ms,
        user=request.user,
        items=items,
    )


def pick(
    ordered: Sequence[Scored], limit: int, allowed: Callable[[Collection[str]], Collection[str]]
) -> tuple[Item, ...]:
    """The first `limit` that are allowed. Asks for some at a time, until there are enough."""
    items: list[Item] = []
    for at in range(0, len(ordered), ASKED_AT_ONCE):
        some = ordered[at : at + ASKED_AT_ONCE]
        named = {one.candidate.found_with_id for one in some} - {None}
        may = allowed({one.candidate.product_id for one in some} | {str(name) for name in named})
        items += [item_of(one, may) for one in some if one.candidate.product_id in may]
        if len(items) >= limit:
            break
    return tuple(items[:limit])


def item_of(scored: Scored, shown: Collection[str]) -> Item:
    """The item of a candidate. `shown`: products that its reason may name."""
    candidate = scored.candidate
    return Item(
        product_id=candidate.product_id,
        sku=candidate.sku,
        name=candidate.name,
        category=candidate.category,
        brand=candidate.brand,
        shop=candidate.shop,
        price=candidate.price,
        currency=candidate.currency,
        score=scored.score,
        reason=reason_of(scored, shown),
        because_of=candidate.found_with_id if candidate.found_with_id in shown else None,
    )


def still_allowed(connection: Pg, answer: Answer) -> Answer:
    """The answer without what may not be shown any more: asked by whoever shows it."""
    named = {item.because_of for item in answer.items} - {None}
    may = fetch_allowed(
        connection, {item.product_id for item in answer.items} | {str(name) for name in named}
    )
    return replace(
        answer,
        items=tuple(
            item
            if item.because_of is None or item.because_of in may
            else replace(item, because_of=None, reason=FOUND_BY_ALIKE)
            for item in answer.items
            if item.product_id in may
        ),
    )
