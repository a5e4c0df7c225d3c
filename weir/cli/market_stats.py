"""`weir market stats`: what shops sent and what became of it."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.clock import utc_now
from weir.settings import load_settings

if TYPE_CHECKING:
    from weir.market.statistics import Statistics


class By(StrEnum):
    """The levels; `weir.market.statistics.Level` has the same."""

    TOTAL = "total"
    CATEGORY = "category"
    SHOP = "shop"
    BRAND = "brand"
    PRICE_BAND = "price-band"
    PRODUCT = "product"


class Format(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(stats)


def stats(
    by: By = typer.Option(By.CATEGORY, help="What a row is about"),
    window: str = typer.Option("all", help="all, or the last minutes, hours, days: 10m, 2h, 7d"),
    each: str = typer.Option("", help="Split into windows of this length: 1m, 1h, 1d"),
    limit: int = typer.Option(50, min=1, help="At most so many rows, the most allowed first"),
    include_banned: bool = typer.Option(False, help="Also what is banned now, as it was counted"),
    form: Format = typer.Option(Format.TABLE, "--format", help="table, json or csv"),
    json: bool = typer.Option(False, "--json", help="The same as --format json"),
) -> None:
    """Products allowed and blocked, with their prices, under the ban list of this moment."""
    from weir.market.statistics import (
        Level,
        Question,
        fetch_statistics,
        parse_length,
        parse_within,
    )
    from weir.store.postgres import connect

    question = Question(
        level=Level(by.value),
        within=parse_within(window, utc_now()),
        each=parse_length(each) if each else None,
        limit=limit,
        include_banned=include_banned,
    )
    with connect(load_settings().dsn_file, application_name="weir:market:stats") as connection:
        found = fetch_statistics(connection, question)
    show(found, Format.JSON if json else form)


def show(found: Statistics, form: Format) -> None:
    """Print the answer."""
    from weir.market.statistics import as_object

    rows = [as_object(row) for row in found.rows]
    if form is Format.JSON:
        print_json({"by": found.question.level, "counted_at": found.counted_at, "rows": rows})
        return
    if form is Format.CSV:
        names = list(type(found.rows[0]).__dataclass_fields__) if rows else ["key"]
        writer = csv.DictWriter(sys.stdout, names)
        writer.writeheader()
        writer.writerows(rows)
        return
    print_statistics(found)


def print_statistics(found: Statistics) -> None:
    """A table for people; without the columns in which there is nothing."""
    always = ["products", "allowed", "blocked"]
    more = ["deleted", "retracted", "readmitted", "banned_now"]
    counts = always + [name for name in more if any(getattr(row, name) for row in found.rows)]
    prices = ["price_min", "price_avg", "price_max", "currency"]
    windows = found.question.each is not None
    print_table(
        [
            found.question.level.value,
            *(["from"] if windows else []),
            *counts,
            *(name.removeprefix("price_") for name in prices),
        ],
        [
            (
                printable(row.key or "(unknown)", 60),
                *([f"{row.window_start:%Y-%m-%d %H:%M}Z"] if windows else []),
                *(getattr(row, name) for name in counts),
                *(getattr(row, name) for name in prices[:-1]),
                row.currency or None,
            )
            for row in found.rows
        ],
    )
    counted = "never" if found.counted_at is None else f"{found.counted_at:%Y-%m-%d %H:%M:%S}Z"
    print(f"\nlast counted: {counted}")
