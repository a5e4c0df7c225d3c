"""`weir wikimedia`: what was counted, on the terminal; and the cache."""

from __future__ import annotations

import time
from contextlib import suppress
from uuid import uuid4

import structlog
import typer

from weir.cli.collect import parse_duration
from weir.cli.output import print_json, print_table
from weir.clock import utc_now
from weir.contracts.stats import Bots
from weir.settings import load_settings
from weir.sources.wikimedia.dashboard import (
    LINES_AROUND_TABLE,
    View,
    lag_text,
    printable,
    render,
    time_text,
    trend_text,
    watch_stats,
)
from weir.sources.wikimedia.stats_client import fetch_stats

log = structlog.get_logger()
app = typer.Typer(no_args_is_help=True, help="Edits per Wikimedia domain.")

Limit = typer.Option(20, min=1, help="How many domains")
CountBots = typer.Option(Bots.INCLUDE, help="Whether edits counts those of bots")


@app.command()
def stats(
    limit: int = Limit,
    bots: Bots = CountBots,
    window: str = typer.Option("all", help="all, 10m, 2h, 1d, or a minute: 2026-01-31T12:00Z"),
    json: bool = typer.Option(False, "--json", help="For scripts: the answer of /stats"),
) -> None:
    """The counts once."""
    found = fetch_stats(load_settings().api_url, limit=limit, bots=bots, window=window)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    # Not the table's title: that one is folded to the width of the table.
    print(f"{found.source.mode} data, {time_text(found.as_of)}, {lag_text(found.lag)}")
    print_table(
        ["domain", "edits", "by bots", "changes", "last minute", "trend"],
        [
            (
                printable(d.domain),
                *(d.edits, d.bot_edits, d.changes, d.edits_last_minute),
                trend_text(d),
            )
            for d in found.domains
        ],
    )
    totals = found.totals
    print(f"{totals.domains} domains, {totals.edits} edits, {totals.bot_edits} by bots")


@app.command()
def dashboard(
    limit: int = Limit,
    bots: Bots = CountBots,
    window: str = typer.Option("all", help="As of weir wikimedia stats"),
    duration: str = typer.Option("", "--for", help="End after 60s, 10m, 1h"),
) -> None:
    """The counts as a table that refreshes itself, every WEIR_DASHBOARD_SECONDS."""
    from rich.console import Console
    from rich.live import Live

    settings = load_settings()
    console = Console()
    fitting = max(1, min(limit, console.height - LINES_AROUND_TABLE))
    seconds = parse_duration(duration)
    ends_at = None if seconds is None else time.monotonic() + seconds

    def wait(seconds: float) -> bool:
        if ends_at is not None and time.monotonic() + seconds > ends_at:
            return False
        time.sleep(seconds)
        return True

    with Live(console=console, auto_refresh=False) as screen:

        def show(view: View) -> None:
            screen.update(render(view, settings.dashboard_seconds), refresh=True)

        with suppress(KeyboardInterrupt):
            watch_stats(
                lambda: fetch_stats(settings.api_url, limit=fitting, bots=bots, window=window),
                show,
                wait,
                every_seconds=settings.dashboard_seconds,
                clock=utc_now,
            )
    if not console.is_terminal:
        console.line()  # into a file the last screen comes without its end of line


@app.command("rebuild-cache")
def rebuild_cache(
    dry_run: bool = typer.Option(False, help="Only say how cache and PostgreSQL differ"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Copy the counts from PostgreSQL to Redis anew, in one step; readers notice nothing.

    The running stream then sees that the cache is not the one it wrote, and rebuilds it once more.
    """
    from weir.store.cache_check import compare
    from weir.store.postgres import connect
    from weir.store.redis import connect_redis
    from weir.store.wikimedia_cache import WikimediaCache

    settings = load_settings()
    client = connect_redis(settings.redis_address, settings.redis_password_path)
    cache = WikimediaCache(client)
    with connect(settings.dsn_file, application_name="weir:rebuild-cache") as connection:
        before = compare(cache, connection)
        if not dry_run and not cache.rebuild(connection, f"rebuild:{uuid4()}"):
            log.info("another process rebuilt the cache at the same time")
        after = before if dry_run else compare(cache, connection)
    if json:
        print_json({"dry_run": dry_run, "before": before.words, "after": after.words})
        return
    print(f"before: {before.words}")
    print("nothing was changed (--dry-run)" if dry_run else f"now:    {after.words}")
