"""The bans as people see them: which hold, which lie ahead, and what was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from weir.market.rules import Rule

Pg = psycopg.Connection[Any]

ROWS: Final = """
    select ban_id, kind, value,
           case when lifted_at is not null then case when lift_reason = 'over' then 'over'
                                                     else 'lifted' end
                when valid_until <= statement_timestamp() then 'over'
                when started or valid_from <= statement_timestamp() then 'live'
                else 'scheduled' end as state,
           reason, banned_by, valid_from, valid_until, lifted_at, lifted_by, lift_reason, version
    from market.ban
    where (%(history)s or (lifted_at is null and
                           coalesce(valid_until > statement_timestamp(), true)))
      and (%(kind)s::text is null or (kind, value) = (%(kind)s, %(value)s))
    order by ban_id desc limit %(limit)s
"""
COUNT: Final = "select count(*) from market.live_bans()"


@dataclass(frozen=True, kw_only=True)
class StoredBan:
    """One row of `market.ban`."""

    ban_id: int
    kind: str
    value: str
    state: str
    reason: str
    banned_by: str
    valid_from: datetime
    valid_until: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None
    version: int


def list_bans(
    connection: Pg, *, history: bool = False, rule: Rule | None = None, limit: int = 50
) -> list[StoredBan]:
    """The newest first; with `history` also those that are over or lifted."""
    values = {
        "history": history,
        "kind": None if rule is None else rule.kind.value,
        "value": None if rule is None else rule.value,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(StoredBan)) as cursor:
        return cursor.execute(ROWS, values).fetchall()


def count_live(connection: Pg) -> int:
    """How many rules hold now."""
    row = connection.execute(COUNT).fetchone()
    return int(row[0]) if row else 0
