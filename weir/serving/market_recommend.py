"""`GET /market/recommendations`: asks the stream, and shows what may be shown at that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Protocol

import psycopg
from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

from weir.contracts.recommendation import MAX_ITEMS, Answer, Request
from weir.contracts.stats import Problem
from weir.errors import PublishError, SettingError, Unavailable
from weir.market.recommend_answer import still_allowed
from weir.market.recommend_ask import Asker, new_request
from weir.settings import Settings
from weir.store.postgres import connect

PATIENCE_SECONDS = 3.0
User = Annotated[str | None, Query(max_length=200, description="For whom; nobody: what is popular")]
Category = Annotated[str | None, Query(max_length=200, description="Only of this category")]
MaxPrice = Annotated[str | None, Query(description="At most so much, such as 30000 or 29990.50")]
Currency = Annotated[str, Query(min_length=3, max_length=3, description="Of the price")]
Limit = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="How many at most")]


class RecommendedItem(BaseModel):
    """A product, and in words why it is there."""

    product_id: str
    sku: str
    name: str
    category: str
    brand: str | None
    shop: str
    price: str = Field(description="A decimal as text")
    currency: str
    score: float
    reason: str


class Recommendations(BaseModel):
    """What the stream answered, without what may not be shown any more."""

    correlation_id: str
    answered_at_ms: int
    items: list[RecommendedItem]


class Asks(Protocol):
    """What is used of an `Asker`."""

    def ask(self, request: Request) -> Answer | None: ...


class RecommendDoor:
    """One connection to the stream for all requests, made when the first one comes."""

    def __init__(self, settings: Settings, open_asker: Callable[[], Asks] | None = None) -> None:
        self.dsn_file = settings.dsn_file
        self._open = open_asker or (lambda: Asker(settings).__enter__())
        self._lock = threading.Lock()
        self._asker: Asks | None = None

    def ask(self, request: Request) -> Answer:
        """Raises Unavailable: Kafka is away, or the stream did not answer in time."""
        with self._lock:
            self._asker = self._asker or self._open()
            asker = self._asker
        try:
            answer = asker.ask(request)
        except PublishError as error:
            with self._lock:
                self._asker = None  # it is unusable; the next request makes another
            raise Unavailable(error.what, error.hint) from error
        if answer is None:
            raise Unavailable(
                "the stream gave no answer in time",
                "weir streams show market_recommend; it runs with WEIR_WITH=market",
            )
        return answer


def add_market_recommendations(app: FastAPI, door: RecommendDoor) -> None:
    """The endpoint; 503 in words when Kafka, the stream or PostgreSQL does not answer."""

    @app.get(
        "/market/recommendations",
        tags=["market"],
        responses={503: {"model": Problem, "description": "No answer that could be shown"}},
    )
    def recommendations(
        user: User = None,
        category: Category = None,
        max_price: MaxPrice = None,
        currency: Currency = "RUB",
        limit: Limit = 10,
    ) -> Recommendations:
        """Products that somebody may want; none that is banned at this moment."""
        try:
            request = new_request(
                patience_seconds=PATIENCE_SECONDS,
                user=user,
                category=category,
                max_price=max_price,
                currency=currency,
                limit=limit,
            )
        except SettingError as error:
            raise HTTPException(422, error.what) from error
        answer = door.ask(request)
        try:
            with connect(
                door.dsn_file,
                application_name="weir:api:market",
                connect_timeout_seconds=2,
                statement_timeout="5s",
            ) as connection:
                shown = still_allowed(connection, answer)
        except psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL: {str(error).strip()}", "try again") from error
        return served(shown)


def served(answer: Answer) -> Recommendations:
    """The answer as it is served."""
    return Recommendations(
        correlation_id=answer.correlation_id,
        answered_at_ms=answer.answered_at_ms,
        items=[
            RecommendedItem(
                product_id=item.product_id,
                sku=item.sku,
                name=item.name,
                category=item.category,
                brand=item.brand,
                shop=item.shop,
                price=str(item.price),
                currency=item.currency,
                score=round(item.score, 6),
                reason=item.reason,
            )
            for item in answer.items
        ],
    )
