"""What searches told so long ago that no answer would notice it any more."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, LiteralString

from weir.market.heat import DAY, OF_A_USER, OF_THE_WEEK, heat_of
from weir.ops.lease import Pg

RULE: Final = "faded"

# Per table, which of its rows have faded.
FADED: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (
    ("market.recent_product", "searched_at < to_timestamp(%(now)s) - interval '30 days'"),
    ("market.popularity", "last_searched_at < to_timestamp(%(now)s) - interval '60 days'"),
    ("market.affinity", "heat < %(affinity)s"),
    ("market.co_search", "heat < %(pair)s"),
    ("market.answer_minute", "minute < to_timestamp(%(now)s) - interval '30 days'"),
)


def count_faded(connection: Pg, now_utc: datetime) -> int:
    """How many rows may go."""
    found = 0
    for table, faded in FADED:
        row = connection.execute(
            f"select count(*) from {table} where {faded}", _limits(now_utc)
        ).fetchone()
        found += int(row[0]) if row else 0
    return found


def forget_faded(connection: Pg, now_utc: datetime) -> int:
    """Delete them; how many rows."""
    return sum(
        connection.execute(f"delete from {table} where {faded}", _limits(now_utc)).rowcount
        for table, faded in FADED
    )


def _limits(now_utc: datetime) -> dict[str, Any]:
    now = now_utc.timestamp()
    return {
        "now": now,
        "affinity": heat_of(1.0, now - 180 * DAY, OF_A_USER),
        "pair": heat_of(1.0, now - 45 * DAY, OF_THE_WEEK),
    }
