"""`weir market ban|unban|banned`: which products nobody may see, who said so, and why."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the verbs about bans."""
