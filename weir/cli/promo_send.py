"""`weir promo send`: campaigns from a file or a pipe into the stream's input topic."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import typer

from weir.cli.output import print_json, print_table
from weir.clock import utc_now
from weir.errors import SettingError
from weir.settings import load_settings


def send(
    file: str = typer.Argument(help="One JSON message, or one per line; - reads from a pipe"),
    dry_run: bool = typer.Option(False, help="Only check, and say what would be sent"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Check every campaign as the stream does, then send them all, or none."""
    from weir.promo.campaign_file import read_entries, refuse_bad
    from weir.promo.send import describe, send_campaigns

    good = refuse_bad(read_entries(read_bytes(file)))
    now = utc_now()
    outgoing = [describe(entry, campaign, now) for entry, campaign in good]
    settings = load_settings()
    if not dry_run:
        send_campaigns(settings, good)
    if json:
        print_json(
            {
                "dry_run": dry_run,
                "topic": settings.promo_in_topic,
                "campaigns": [asdict(one) for one in outgoing],
            }
        )
        return
    print_table(
        ["campaign", "restaurant", "starts", "ends", "now"],
        [
            (
                one.adv_campaign_id,
                one.restaurant_id,
                *(f"{at:%Y-%m-%d %H:%M:%S}Z" for at in (one.starts, one.ends)),
                one.now,
            )
            for one in outgoing
        ],
    )
    print(f"{len(good)} {'would be sent' if dry_run else 'sent'} to {settings.promo_in_topic}")


def read_bytes(file: str) -> bytes:
    """The content of a file, or of a pipe for `-`. Raises SettingError."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}") from error
