"""`weir market status`: every connection of the marketplace, counts and lags."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from weir.cli.output import print_json, print_table
from weir.ops.health import in_words
from weir.settings import load_settings

if TYPE_CHECKING:
    from weir.market.status import MarketStatus


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(status)


def status(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """What answers, how much there is, how far behind each stream is; exit code 3 for trouble."""
    from weir.market.status import fetch_market_status, refuse_trouble

    found = fetch_market_status(load_settings())
    print_json(asdict(found) | {"works": found.works}) if json else print_status(found)
    refuse_trouble(found)


def print_status(found: MarketStatus) -> None:
    """For people."""
    rows = [(c.name, "works" if c.works else "DOES NOT WORK", c.says) for c in found.checks]
    print_table(["connection", "state", "says"], rows)
    if found.counts:
        print()
        names = [(name.replace("_", " "), number) for name, number in found.counts.items()]
        print_table(["what", "number"], names)
    if found.topics:
        print()
        print_table(["topic", "messages kept"], [(t.topic, t.kept) for t in found.topics])
    if found.streams:
        print()
        print_table(
            ["stream", "does", "health", "waiting", "oldest"], [_line(s) for s in found.streams]
        )


def _line(stream: dict[str, Any]) -> tuple[object, ...]:
    oldest = stream["lag_seconds"]
    names = ("stream", "observed", "health", "lag_messages")
    return (*(stream[name] for name in names), in_words(oldest) if oldest else None)
