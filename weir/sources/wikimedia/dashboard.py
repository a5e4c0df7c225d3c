"""The terminal dashboard: how it looks is pure, `watch_stats` asks and waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from weir.clock import Clock
from weir.contracts.stats import Bots, Direction, Domain, Lag, Stats
from weir.errors import Unavailable

RETRY_SECONDS = 2.0
LINES_AROUND_TABLE = 10
ARROWS = {
    Direction.UP: ("▲", "green"),
    Direction.DOWN: ("▼", "red"),
    Direction.FLAT: ("=", "dim"),
    Direction.NEW: ("★", "cyan"),
}


@dataclass(frozen=True, kw_only=True)
class View:
    """What is on the screen: the newest answer, and since when none has come."""

    stats: Stats | None = None
    away_since_utc: datetime | None = None
    trouble: str = ""


def watch_stats(
    fetch: Callable[[], Stats],
    show: Callable[[View], None],
    wait: Callable[[float], bool],
    *,
    every_seconds: float,
    clock: Clock,
) -> None:
    """Fetch and show until `wait` says no. While the API is away the last answer stays visible."""
    view = View()
    pause = 0.0
    while wait(pause):
        try:
            view = View(stats=fetch())
            pause = every_seconds
        except Unavailable as error:
            since = view.away_since_utc or clock()
            view = View(stats=view.stats, away_since_utc=since, trouble=error.what)
            pause = min(every_seconds, RETRY_SECONDS)
        show(view)


def render(view: View, every_seconds: float) -> RenderableType:
    """The whole screen."""
    parts: list[RenderableType] = []
    if view.stats is not None:
        parts += [_heading(view.stats), _domains(view.stats), _foot(view.stats)]
    if view.away_since_utc is not None:
        parts.append(
            Text(f"No answer since {view.away_since_utc:%H:%M:%S} UTC: {view.trouble}", "bold red")
        )
        parts.append(Text("Trying again; Ctrl-C ends.", "dim"))
    else:
        parts.append(Text(f"Refreshed every {every_seconds:g} s; Ctrl-C ends.", "dim"))
    return Group(*parts)


def _heading(stats: Stats) -> Text:
    live = stats.source.mode == "live"
    text = Text("Wikimedia edits per domain  ", "bold")
    text.append("LIVE" if live else "SAMPLE DATA", "bold green" if live else "bold yellow")
    if stats.source.note:
        text.append(f"\n{stats.source.note}", "yellow")
    text.append(f"\n{time_text(stats.as_of)}   {lag_text(stats.lag)}   from {stats.served_from}")
    if stats.reason:
        text.append(f" ({stats.reason})", "yellow")
    return text


def _domains(stats: Stats) -> Table:
    edits = "edits" if stats.bots is Bots.INCLUDE else "edits, no bots"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("domain", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in (edits, "by bots", "changes", "last minute", "trend"):
        table.add_column(name, justify="right", no_wrap=True)
    for domain in stats.domains:
        table.add_row(
            Text(printable(domain.domain)),
            f"{domain.edits:,}",
            f"{domain.bot_edits:,}",
            f"{domain.changes:,}",
            "-" if domain.edits_last_minute is None else f"{domain.edits_last_minute:,}",
            trend_text(domain),
        )
    return table


def _foot(stats: Stats) -> Text:
    totals = stats.totals
    minute = stats.last_minute
    rate = "no complete minute yet" if minute.edits is None else f"{minute.edits:,} edits"
    return Text(
        f"{totals.domains:,} domains   {totals.edits:,} edits   {totals.bot_edits:,} by bots   "
        f"{totals.changes:,} changes\nlast minute ({minute.start:%H:%M} UTC): {rate}",
        "bold",
    )


def printable(domain: str) -> str:
    """A name from outside must not steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in domain)


def trend_text(domain: Domain) -> Text:
    """An arrow, and by how much; a dash when there is nothing to compare with."""
    if domain.trend is None:
        return Text("-", "dim")
    arrow, style = ARROWS[domain.trend.direction]
    share = domain.trend.change_share
    return Text(f"{arrow}" if share is None else f"{share:+.0%} {arrow}", style)


def lag_text(lag: Lag) -> str:
    """How far behind, in words; unknown is said, not shown as zero."""
    if lag.messages is None:
        return f"lag unknown ({lag.unknown_because})"
    if lag.messages == 0:
        return "everything counted"
    seconds = "? s" if lag.seconds is None else f"{lag.seconds:.1f} s"
    return f"{lag.messages:,} messages ({seconds}) behind"


def time_text(moment: datetime | None) -> str:
    """As of when; a day is told, since counting may have stopped long ago."""
    return "nothing counted yet" if moment is None else f"as of {moment:%Y-%m-%d %H:%M:%S} UTC"
