"""`weir dlq redrive`: refused records back into their topic, after a fix."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import asdict

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.errors import SettingError
from weir.ops.redrive import PER_SECOND, PUBLISHER, redrive
from weir.ops.redrive_ledger import last_sealed
from weir.ops.redrive_wish import Found, Wish, preview
from weir.settings import Settings, load_settings
from weir.store.postgres import connect


def redrive_dead_letters(
    topic: str = typer.Option("", help="Only of this topic"),
    reason: list[str] = typer.Option([], help="Only with exactly this reason; may be repeated"),
    refused_by: str = typer.Option("", help="Only of this stream.query or collector"),
    key: list[str] = typer.Option([], help="Only this letter, by its key; may be repeated"),
    limit: int = typer.Option(0, min=0, help="At most so many, the oldest offsets first; 0: all"),
    per_second: float = typer.Option(PER_SECOND, min=1, help="Send at most so many"),
    assume_published: int = typer.Option(-1, help="When the progress is lost: sent up to this"),
    republish_from: int = typer.Option(-1, help="When the progress is lost: send this one again"),
    dry_run: bool = typer.Option(False, help="Only say what would be sent"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Send letters again to their topic, with their key and headers, each at most once.

    Without a filter: every letter that was not sent yet. What is refused again is a new letter.
    """
    settings = load_settings()
    wish = Wish(topic=topic or None, refused_by=refused_by or None, reasons=reason, keys=key)
    if dry_run:
        _show_plan(settings, wish, json)
        return
    sent = redrive(
        settings,
        wish,
        asked_by=getpass.getuser(),
        via="cli",
        per_second=per_second,
        limit=limit or None,
        assume_published=assumed(assume_published, republish_from),
    )
    if json:
        print_json(asdict(sent))
        return
    print(f"{sent.letters} letters were sent again")
    if sent.recovered:
        print(f"{sent.recovered} of them an earlier redrive had decided and not sent")
    if sent.too_large:
        print(f"{sent.too_large} letters are too large for their topic; the log names them")
    if sent.without_topic:
        print(f"{sent.without_topic} letters are of topics that are not here; the log names them")


def assumed(assume_published: int, republish_from: int) -> int | None:
    """Up to which number a person says that all was sent; None: nothing was said."""
    if assume_published >= 0 and republish_from >= 0:
        raise SettingError("give --assume-published or --republish-from, not both")
    if republish_from >= 0:
        return max(0, republish_from - 1)
    return assume_published if assume_published >= 0 else None


def _show_plan(settings: Settings, wish: Wish, as_json: bool) -> None:
    with connect(settings.dsn_file, application_name="weir:cli:dlq") as connection:
        found, last = preview(connection, wish), last_sealed(connection, PUBLISHER)
    if as_json:
        print_json({"letters": [asdict(each) for each in found], "last_transaction": last})
        return
    print_table(
        ["topic", "refused by", "reason", "letters", "would be"],
        [
            (each.topic, each.refused_by, printable(each.reason, 60), each.letters, fate(each))
            for each in found
        ],
    )
    print(f"{count_open(found)} letters would be sent again")


def fate(found: Found) -> str:
    """What a redrive does with letters in this state."""
    return {
        "open": "sent",
        "sent": "left: sent before",
        "cut": "left: longer than what is kept",
        "before Kafka": "left: refused before it was in a topic",
    }[found.state]


def count_open(found: Sequence[Found]) -> int:
    """How many letters would be sent."""
    return sum(each.letters for each in found if each.state == "open")
