"""`weir collect`: a collector in the foreground (the platform runs the same as a service)."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from weir.cli.output import print_json
from weir.errors import SettingError
from weir.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Collect from a source into its Kafka topic.")

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


@app.callback()
def group() -> None:
    """Keep `wikimedia` a word of its own while it is the only source."""


@app.command()
def wikimedia(
    duration: Annotated[str, typer.Option("--for", help="End after 60s, 10m, 1h")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read")] = False,
) -> None:
    """Collect Wikimedia's recent changes until Ctrl-C; state in `ops.collector`."""
    from weir.sources.declared import mode_of
    from weir.sources.wikimedia.assemble import collect, stream_url
    from weir.sources.wikimedia.client import user_agent

    settings = load_settings().acting_as("collector-wikimedia")
    for_seconds = parse_duration(duration)
    mode = mode_of("wikimedia", settings)
    if mode == "live" and not settings.wikimedia_contact:
        raise SettingError(
            "live collecting needs WEIR_WIKIMEDIA_CONTACT",
            "set it to a URL or e-mail address; Wikimedia refuses clients without a contact",
        )
    plan = {
        "mode": mode,
        "url": stream_url(settings),
        "user_agent": user_agent(settings.wikimedia_contact, mode),
        "topic": settings.wikimedia_topic,
        "for_seconds": for_seconds,
    }
    if dry_run:
        print_json(plan)
        return
    status = collect(settings, for_seconds=for_seconds)
    print_json(
        {
            "events": status.events,
            "canaries": status.canaries,
            "duplicates": status.duplicates,
            "dead_letters": status.dead_letters,
            "reconnects": status.reconnects,
            "cursor": status.cursor,
        }
    )


def parse_duration(text: str) -> float | None:
    """Seconds of `90`, `60s`, `10m` or `1h`; None for an empty text. Raises SettingError."""
    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None or float(found[1]) <= 0:
        raise SettingError(f"--for is {text!r}", "give a time such as 60s, 10m or 1h")
    return float(found[1]) * UNITS[found[2]]
