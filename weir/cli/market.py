"""`weir market`: what shops offer, what is banned, what clients find.

Each area is a file `market_<area>.py` with a function `register(app)`.
"""

from __future__ import annotations

import typer

from weir.cli import (
    market_archive,
    market_ban,
    market_recommend,
    market_relay,
    market_search,
    market_stats,
    market_status,
)

app = typer.Typer(no_args_is_help=True, help="Products in, banned ones out, search in between.")
market_ban.register(app)
market_relay.register(app)
market_stats.register(app)
market_status.register(app)
market_archive.register(app)
market_recommend.register(app)
market_search.register(app)


@app.callback()
def market() -> None:
    """What shops offer, what is banned, what clients find."""
