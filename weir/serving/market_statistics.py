"""`GET /market/statistics`: what shops sent and what became of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import psycopg
from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

from weir.clock import Clock, utc_now
from weir.contracts.stats import Problem
from weir.errors import SettingError, Unavailable
from weir.market.statistics import (
    WORDS,
    Level,
    Question,
    Row,
    as_object,
    fetch_statistics,
    parse_length,
    parse_within,
)
from weir.store.postgres import connect

MOST_ROWS = 10_000
By = Annotated[Level, Query(description="What a row is about")]
Window = Annotated[str, Query(description=f"The minutes that are looked at: {WORDS}")]
Each = Annotated[str | None, Query(description="Split into windows of this length, such as 1h")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows at most")]
Banned = Annotated[bool, Query(description="Also what is banned now, as it was counted")]


class StatisticsRow(BaseModel):
    """One key, currency and window. Counts are messages; prices are those of allowed ones."""

    key: str = Field(description="Empty: not known, as of a deletion")
    currency: str
    window_start: datetime | None
    products: int = Field(description="Distinct products that are allowed and not banned now")
    received: int = Field(description="Messages that were decided: allowed, blocked or deletions")
    allowed: int
    blocked: int
    deleted: int
    retracted: int
    readmitted: int
    price_min: str | None
    price_avg: str | None
    price_max: str | None
    banned_now: int = Field(description="Products left out because they are banned now")


class StatisticsAnswer(BaseModel):
    """The rows, and when the stream last counted."""

    by: Level
    counted_at: datetime | None
    rows: list[StatisticsRow]


def add_market_statistics(app: FastAPI, dsn_file: Path, clock: Clock = utc_now) -> None:
    """The endpoint; 503 in words while PostgreSQL, and so the ban list, is away."""

    @app.get(
        "/market/statistics",
        tags=["market"],
        responses={503: {"model": Problem, "description": "PostgreSQL is away"}},
    )
    def statistics(
        by: By = Level.CATEGORY,
        window: Window = "all",
        each: Each = None,
        limit: Limit = 50,
        include_banned: Banned = False,
    ) -> StatisticsAnswer:
        """Products allowed and blocked, with their prices, under the ban list of this moment."""
        try:
            question = Question(
                level=by,
                within=parse_within(window, clock()),
                each=parse_length(each) if each else None,
                limit=limit,
                include_banned=include_banned,
            )
        except SettingError as error:
            raise HTTPException(422, str(error)) from error
        try:
            with connect(
                dsn_file,
                application_name="weir:api:market",
                connect_timeout_seconds=2,
                statement_timeout="20s",
            ) as connection:
                found = fetch_statistics(connection, question)
        except psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL: {str(error).strip()}", "try again") from error
        return StatisticsAnswer(
            by=by, counted_at=found.counted_at, rows=[answer_row(row) for row in found.rows]
        )


def answer_row(row: Row) -> StatisticsRow:
    """The row as it is served."""
    return StatisticsRow(**as_object(row))
