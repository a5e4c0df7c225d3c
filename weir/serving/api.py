"""The HTTP API: `/stats`, `/promo/feedback`, `/healthz`, `/metrics`, described at `/docs`.

The handlers are plain functions, so FastAPI runs them in threads and none blocks another.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from weir import __version__
from weir.clock import Clock, utc_now
from weir.contracts.stats import Bots, Health, Problem, Stats
from weir.errors import Unavailable
from weir.serving.health import fetch_redis_state, judge_health
from weir.serving.parts import Parts
from weir.serving.promo import add_feedback
from weir.serving.question import WORDS, parse_question
from weir.serving.refusals import add_refusals
from weir.serving.stats import build_stats

MOST_DOMAINS = 100_000
WHY_503 = "Neither Redis nor PostgreSQL answers"

Limit = Annotated[int, Query(ge=1, le=MOST_DOMAINS, description="How many domains to list")]
CountBots = Annotated[Bots, Query(description="Whether `edits` counts those of bots")]
When = Annotated[str, Query(description=f"When the events happened: {WORDS}")]


def create_app(parts: Parts, clock: Clock = utc_now) -> FastAPI:
    """The application over `parts`; it owns their threads while it runs."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts.watch.start()
        yield
        parts.watch.stop()

    app = FastAPI(
        title="Weir",
        version=__version__,
        description="Counts of live streams. Each answer says as of when, and how far behind.",
        lifespan=lifespan,
    )
    add_request_metrics(app, parts)
    add_stats(app, parts, clock)
    add_feedback(app, parts.feedback)
    add_refusals(app)
    add_operation(app, parts)
    return app


def add_request_metrics(app: FastAPI, parts: Parts) -> None:
    """Count and time every request, also the failed ones."""

    @app.middleware("http")
    async def count_request(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        began = time.perf_counter()
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
        finally:
            # Only routes that exist become labels: a scanner must not fill the memory.
            route = getattr(request.scope.get("route"), "path", "unknown")
            parts.requests.requests.labels(route, request.method, status).inc()
            parts.requests.seconds.labels(route).observe(time.perf_counter() - began)
        return response


def add_stats(app: FastAPI, parts: Parts, clock: Clock) -> None:
    """`/stats`, and 503 in words when no store answers."""

    @app.exception_handler(Unavailable)
    def unavailable(_: Request, error: Unavailable) -> JSONResponse:
        seconds = int(error.retry_after_seconds or 5)
        problem = Problem(what=error.what, hint=error.hint)
        return JSONResponse(problem.model_dump(), 503, headers={"Retry-After": str(seconds)})

    @app.get(
        "/stats",
        tags=["wikimedia"],
        responses={503: {"model": Problem, "description": WHY_503}},
    )
    def stats(limit: Limit = 50, bots: CountBots = Bots.INCLUDE, window: When = "all") -> Stats:
        """Edits per Wikimedia domain, most edits first."""
        try:
            question = parse_question(window=window, bots=bots, limit=limit, now_utc=clock())
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        served = parts.counts.read(question)
        parts.requests.served.labels(served.served_from).inc()
        return build_stats(question, served, parts.watch.seen)


def add_operation(app: FastAPI, parts: Parts) -> None:
    """What machines ask: health and metrics; and the way to the description for people."""

    @app.get("/", include_in_schema=False)
    def root() -> RedirectResponse:
        return RedirectResponse("/docs")

    @app.get("/healthz", tags=["operation"], responses={503: {"model": Health}})
    def healthz(response: Response) -> Health:
        """Whether counts can be served, and which service is away."""
        health = judge_health(fetch_redis_state(parts.cache), parts.watch.seen.trouble)
        response.status_code = 503 if health.status == "down" else 200
        return health

    @app.get("/metrics", tags=["operation"], response_class=PlainTextResponse)
    def metrics() -> Response:
        """All metrics, for Prometheus."""
        return Response(generate_latest(parts.registry), media_type=CONTENT_TYPE_LATEST)
