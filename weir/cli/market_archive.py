"""`weir market archive` and `weir market export`: history as Parquet, and data for others."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from weir.cli.output import print_json, print_table
from weir.clock import utc_now
from weir.errors import SettingError
from weir.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weir.market.archive_status import ArchiveStatus
    from weir.market.export import Row, What

archive_app = typer.Typer(no_args_is_help=True, help="What the filter said, as Parquet by date.")
Json = typer.Option(False, "--json", help="For scripts")
NAME = "weir:market:archive"


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class Content(StrEnum):
    """What is exported."""

    CATALOGUE = "catalogue"
    PRODUCTS = "products"
    EVENTS = "events"


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(archive_app, name="archive")
    app.command()(export)


@archive_app.command()
def status(json: bool = Json) -> None:
    """State, last offsets, files, and how the last run went."""
    from weir.market.archive_status import fetch_status
    from weir.store.postgres import connect

    settings = load_settings()
    with connect(settings.dsn_file, application_name=NAME) as connection:
        found = fetch_status(settings, connection)
    print_json(asdict(found)) if json else print_status(found)


@archive_app.command()
def run(
    dry_run: bool = typer.Option(False, help="Only say how much waits"), json: bool = Json
) -> None:
    """Archive all that is there now, and make one file of the many of past days."""
    from weir.market.archive import archive, compact_days
    from weir.market.archive_status import fetch_status
    from weir.store.postgres import connect

    settings = load_settings()
    if dry_run:
        with connect(settings.dsn_file, application_name=NAME) as connection:
            found = fetch_status(settings, connection)
        waiting = {each.name: each.waiting for each in found.datasets}
        print_json({"waiting": waiting}) if json else print(f"would be archived: {waiting}")
        return
    done = archive(settings)
    gone = compact_days(settings, utc_now().date())
    if json:
        print_json(asdict(done) | {"compacted": gone})
        return
    print(f"{done.rows} rows archived, {done.doubles} doubles left out, {gone} small files joined")


def export(
    form: Format = typer.Option(Format.JSON, "--format", help="json (lines), csv or parquet"),
    what: Content = typer.Option(
        Content.CATALOGUE, help="catalogue: what may be shown now; products, events: the archive"
    ),
    date: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="Only of this day"),
    out: Path | None = typer.Option(None, help="A file; empty: standard output"),
) -> None:
    """Write products or events for another program."""
    from weir.market import export as exporting

    chosen: What = what.value
    if date is not None and what is Content.CATALOGUE:
        raise SettingError("the catalogue is of now: it has no --date", "--what products")
    rows = rows_of(chosen, date)
    schema = exporting.schema_of(chosen)
    if form is Format.PARQUET:
        if out is None:
            raise SettingError("a Parquet file cannot be printed", "--out FILE")
        number = exporting.write_parquet(rows, out, schema)
    elif out is None:
        write = exporting.write_json if form is Format.JSON else None
        number = write(rows, sys.stdout) if write else exporting.write_csv(rows, sys.stdout, schema)
    else:
        with out.open("w", newline="") as file:
            number = (
                exporting.write_json(rows, file)
                if form is Format.JSON
                else exporting.write_csv(rows, file, schema)
            )
    print(f"{number} rows", file=sys.stderr)


def rows_of(what: What, date: datetime | None) -> Iterator[Row]:
    """The rows, one at a time."""
    from weir.market.export import archived, catalogue
    from weir.store.postgres import connect

    settings = load_settings()
    if what != "catalogue":
        yield from archived(settings, what, date.date() if date else None)
        return
    with connect(settings.dsn_file, application_name=NAME) as connection:
        yield from catalogue(connection)


def print_status(found: ArchiveStatus) -> None:
    """For people."""
    print(f"{found.state}  {found.folder}")
    last = found.last
    if last is not None:
        success = f"{last.succeeded_at:%Y-%m-%d %H:%M:%S}Z" if last.succeeded_at else "never"
        print(f"last success: {success}" + (f"; last error: {last.error}" if last.error else ""))
    print_table(
        ["dataset", "files", "rows", "MB", "from", "to", "waiting", "last offsets"],
        [
            (
                each.name,
                each.files,
                each.rows,
                f"{each.bytes / 1e6:.1f}",
                each.first_date,
                each.last_date,
                each.waiting,
                " ".join(f"{p}:{offset}" for p, offset in each.offsets.items()),
            )
            for each in found.datasets
        ],
    )
    for gap in found.gaps:
        print(f"gap: {gap.topic}/{gap.partition} {gap.start}..{gap.end - 1} was deleted by Kafka")
    if found.doubles or found.foreign:
        print(f"{found.doubles} doubles left out, {found.foreign} messages of somebody else")
