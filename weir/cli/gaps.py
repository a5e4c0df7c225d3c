"""`weir gaps`: what is missing, and bringing it from the source's history."""

from __future__ import annotations

from dataclasses import asdict

import typer

from weir.cli.output import print_json, print_table
from weir.errors import SettingError
from weir.ops.gaps import Gap
from weir.ops.window import TimeWindow, hours_of, parse_moment
from weir.settings import Settings, load_settings
from weir.sources.wikimedia.refill_open import fetch_open, fetch_report
from weir.sources.wikimedia.refill_window import EVENTS_PER_SECOND, refill_window

app = typer.Typer(no_args_is_help=True, help="Intervals in which a source's events are missing.")


@app.command()
def report(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """Every gap, also those that nobody has recorded yet; `permanent` ones stay for ever."""
    found = fetch_report(load_settings())
    if json:
        print_json([asdict(gap) for gap in found])
        return
    if not found:
        print("no gaps")
        return
    columns = ["from", "to", "source", "mode", "state", "collected", "refilled", "refused"]
    print_table(
        [*columns, "reason"],
        [
            (
                *(f"{moment:%Y-%m-%dT%H:%MZ}" for moment in (gap.starts_at, gap.ends_at)),
                *(gap.source, gap.mode, gap.state, gap.present, gap.published, gap.refused),
                gap.reason,
            )
            for gap in found
        ],
    )


@app.command()
def refill(
    from_: str = typer.Option("", "--from", help="Such as 2026-01-31T12:00Z; UTC without a zone"),
    to: str = typer.Option("", help="End, excluded; without both: every open gap"),
    per_second: float = typer.Option(EVENTS_PER_SECOND, min=1, help="Publish at most so many"),
    dry_run: bool = typer.Option(False, help="Only say which intervals would be checked"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Publish what is missing, hour by hour; what is there is left alone."""
    settings = load_settings()
    windows = _windows(settings, from_, to)
    if dry_run:
        found: list[tuple[TimeWindow, Gap | None]] = [(window, None) for window in windows]
    else:
        found = [(w, refill_window(settings, w, events_per_second=per_second)) for w in windows]
    if json:
        print_json([{"window": str(w), "gap": asdict(gap) if gap else None} for w, gap in found])
        return
    for window, gap in found:
        outcome = f"{gap.state}: {gap.reason}" if gap else "nothing is missing"
        print(f"{window} {'would be checked' if dry_run else outcome}")
    if not found:
        print("no open gaps")


def _windows(settings: Settings, start: str, end: str) -> list[TimeWindow]:
    if start and end:
        return list(hours_of(TimeWindow(parse_moment(start), parse_moment(end))))
    if start or end:
        raise SettingError("give both --from and --to, or neither for every open gap")
    return [gap.window for gap in fetch_open(settings)]
