"""`weir promo feedback`: what a subscriber answered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from weir.cli.output import print_json
from weir.cli.terminal import printable
from weir.errors import SettingError
from weir.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Answers of subscribers.")


@app.callback()
def feedback() -> None:
    """Answers of subscribers."""


@app.command("set")
def set_answer(
    campaign: str = typer.Argument(help="The campaign's id"),
    client: str = typer.Argument(help="The client who was notified"),
    answer: str = typer.Argument(help="What the client said"),
    dry_run: bool = typer.Option(False, help="Only say what would become of it"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Write an answer into the notification's row; WEIR_PROMO_FEEDBACK_WINS decides on a second."""
    from weir.promo.feedback import Outcome, set_feedback
    from weir.store.postgres import connect

    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir:promo:feedback") as connection:
        done = set_feedback(
            connection,
            campaign,
            client,
            answer,
            settings.promo_feedback_wins,
            dry_run=dry_run,
        )
    if done.outcome is Outcome.UNKNOWN:
        raise SettingError(
            f"{client} was not notified of {campaign}", "weir promo report shows what was sent"
        )
    if json:
        print_json(asdict(done) | {"dry_run": dry_run})
        return
    words: dict[Any, str] = {
        Outcome.SET: "would be written" if dry_run else "is written",
        Outcome.SAME: "was there already",
        Outcome.KEPT: f"is not written: the first answer wins, {printable(done.feedback)}",
    }
    print(f"the answer {words[done.outcome]}")
