"""`weir dlq`: records that could not be used."""

from __future__ import annotations

import base64
import sys
from dataclasses import asdict
from typing import Any

import typer

from weir.cli.dlq_redrive import redrive_dead_letters
from weir.cli.output import print_json, print_table
from weir.cli.terminal import json_bytes, printable
from weir.kafka.dead_letter_queries import StoredLetter, count_refusals, list_letters, show_letter
from weir.settings import load_settings
from weir.store.postgres import connect

app = typer.Typer(no_args_is_help=True, help="Dead letters: refused records with their reasons.")
app.command("redrive")(redrive_dead_letters)


@app.command("list")
def list_dead_letters(
    topic: str = typer.Option("", help="Only of this topic"),
    refused_by: str = typer.Option("", help="Only of this stream.query or collector"),
    reason: str = typer.Option("", help="Only with exactly this reason"),
    limit: int = typer.Option(50, min=1, help="At most so many, the newest first"),
    counts: bool = typer.Option(False, help="Count by topic, refuser and reason instead"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """The newest dead letters, or their counts."""
    with connect(load_settings().dsn_file, application_name="weir:cli:dlq") as connection:
        if counts:
            _print_counts([asdict(count) for count in count_refusals(connection)], json)
            return
        letters = list_letters(
            connection,
            topic=topic or None,
            refused_by=refused_by or None,
            reason=reason or None,
            limit=limit,
        )
    if json:
        print_json([_as_object(letter) for letter in letters])
        return
    print_table(
        ["key for show", "first seen", "tries", "sent", "refused by", "reason", "bytes", "begins"],
        [
            (
                printable(letter.dedupe_key),
                letter.first_seen.isoformat(timespec="seconds"),
                letter.attempts,
                "again" if letter.sent_again_at else None,
                letter.refused_by,
                printable(letter.reason, 60),
                letter.value_bytes,
                printable(letter.value, 40),
            )
            for letter in letters
        ],
    )


@app.command()
def show(
    key: str = typer.Argument(help="TOPIC/PARTITION/OFFSET or source:NAME/SHA256, from the list"),
    raw: bool = typer.Option(False, help="Write only the original bytes to stdout"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """One dead letter with everything that is kept of it."""
    with connect(load_settings().dsn_file, application_name="weir:cli:dlq") as connection:
        letter = show_letter(connection, key)
    if raw:
        sys.stdout.buffer.write(letter.value or b"")
    elif json:
        print_json(_as_object(letter))
    else:
        print_table(["what", "is"], list(_as_text(letter).items()))


def _print_counts(counts: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(counts)
        return
    print_table(
        ["topic", "refused by", "reason", "letters", "first seen", "last seen"],
        [[printable(str(cell)) for cell in count.values()] for count in counts],
    )


def _as_object(letter: StoredLetter) -> dict[str, Any]:
    return asdict(letter) | {"key": json_bytes(letter.key), "value": json_bytes(letter.value)}


def _as_text(letter: StoredLetter) -> dict[str, str]:
    headers = {
        name: None if value is None else base64.b64decode(value) for name, value in letter.headers
    }
    facts = asdict(letter) | {
        "key": letter.key,
        "value": letter.value,
        "headers": ", ".join(f"{name}={printable(value)}" for name, value in headers.items()),
    }
    return {
        name: printable(fact if isinstance(fact, bytes | None) else str(fact))
        for name, fact in facts.items()
    }
