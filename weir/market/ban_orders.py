"""A command's or a form's order: rules with their reasons, all or none, or only tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg

from weir.market.bans import Changed, ban, unban
from weir.market.rules import Rule

Pg = psycopg.Connection[Any]
Groups = Mapping[str, Sequence[Rule]]
"""Reason -> rules."""


def order_bans(
    connection: Pg,
    groups: Groups,
    *,
    who: str,
    via: str,
    valid_from: datetime | None = None,
    until: datetime | None = None,
    dry_run: bool = False,
) -> Changed:
    """Ban every group in one transaction. `dry_run`: the same, taken back at its end."""
    with _tried(connection, dry_run):
        return _sum(
            ban(
                connection,
                rules,
                reason=reason,
                who=who,
                via=via,
                valid_from=valid_from,
                until=until,
            )
            for reason, rules in groups.items()
        )


def order_unbans(
    connection: Pg, groups: Groups, *, who: str, via: str, dry_run: bool = False
) -> Changed:
    """Lift every group in one transaction."""
    with _tried(connection, dry_run):
        return _sum(
            unban(connection, rules, reason=reason, who=who, via=via)
            for reason, rules in groups.items()
        )


@contextmanager
def _tried(connection: Pg, dry_run: bool) -> Iterator[None]:
    with connection.transaction(force_rollback=dry_run):
        yield


def _sum(done: Iterator[Changed]) -> Changed:
    parts = list(done)
    return Changed(
        version=parts[-1].version,
        changed=sum(part.changed for part in parts),
        unchanged=sum(part.unchanged for part in parts),
        replaced=sum(part.replaced for part in parts),
    )
