"""The market's part of the API: `/market/search`, and what other areas of the market add."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import BackgroundTasks, FastAPI, HTTPException, Query

from weir.clock import Clock
from weir.contracts.stats import Problem
from weir.errors import SettingError, Unavailable
from weir.market.search import search as find_products
from weir.market.search_answer import Answer
from weir.market.search_connection import SearchConnections
from weir.market.search_events import SearchEvents, event_of
from weir.market.search_log import note_search
from weir.market.search_request import FIRST_PAGE, LONGEST_CHARS, MOST_HITS, Question
from weir.serving.market_recommend import RecommendDoor, add_market_recommendations
from weir.serving.market_statistics import add_market_statistics
from weir.serving.metrics import SearchMetrics

Words = Annotated[
    str, Query(max_length=LONGEST_CHARS, description="Words, a beginning of one, an SKU or an id")
]
Limit = Annotated[int, Query(ge=1, le=MOST_HITS, description="How many products")]
Name = Annotated[str | None, Query(max_length=LONGEST_CHARS)]
Price = Annotated[Decimal | None, Query(description="In `currency`")]
Currency = Annotated[str, Query(max_length=10, description="Counts with a price only")]
InStock = Annotated[bool, Query(description="Only what can be had now")]
User = Annotated[
    str | None, Query(max_length=200, description="Recommendations learn from a user's searches")
]
Explain = Annotated[bool, Query(description="Why these, and why in this order")]


@dataclass(frozen=True, kw_only=True)
class MarketDoor:
    """What the endpoints need."""

    dsn_file: Path
    connections: SearchConnections
    events: SearchEvents
    metrics: SearchMetrics
    recommend: RecommendDoor


def add_market(app: FastAPI, door: MarketDoor, clock: Clock) -> None:
    """All endpoints of the market."""
    add_market_search(app, door, clock)
    add_market_statistics(app, door.dsn_file, clock)
    add_market_recommendations(app, door.recommend)


def add_market_search(app: FastAPI, door: MarketDoor, clock: Clock) -> None:
    """The endpoint; 503 in words while PostgreSQL, and so the ban list, is away."""

    @app.get(
        "/market/search",
        tags=["market"],
        responses={503: {"model": Problem, "description": "PostgreSQL is away"}},
    )
    def search(
        after: BackgroundTasks,
        q: Words,
        limit: Limit = FIRST_PAGE,
        category: Name = None,
        brand: Name = None,
        shop: Name = None,
        min_price: Price = None,
        max_price: Price = None,
        currency: Currency = "RUB",
        in_stock: InStock = False,
        user: User = None,
        explain: Explain = False,
    ) -> Answer:
        """Products in Russian or English, also with typos; never one that is banned now."""
        try:
            question = Question(
                query=q,
                limit=limit,
                category=category,
                brand=brand,
                shop=shop,
                min_price=min_price,
                max_price=max_price,
                currency=currency.upper(),
                in_stock=in_stock,
                explain=explain,
            )
        except SettingError as error:
            raise HTTPException(422, error.what) from error
        answer = door.connections.run(partial(find_products, question=question))
        door.metrics.searches.labels("found" if answer.found else "nothing").inc()
        now_ms = int(clock().timestamp() * 1000)
        after.add_task(remember, door, question, answer, user, now_ms)
        return answer


def remember(
    door: MarketDoor, question: Question, answer: Answer, user: str | None, now_ms: int
) -> None:
    """The event and the count of one search, after its answer has gone out."""
    door.events.offer(event_of(question, answer, user, now_ms))
    try:
        door.connections.run(partial(note_search, query=question.query, found=answer.found))
    except Unavailable:
        door.metrics.events.labels("uncounted").inc()
