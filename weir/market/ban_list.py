"""The bans that hold at one moment of the database's clock, and until when one may go on with them.

Read after the offsets of a batch are fixed, it keeps the promise: whatever was sent after a ban's
commit is in a batch that reads a list with this ban.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg

from weir.market.rules import Kind

Pg = psycopg.Connection[Any]

MOMENT: Final = "select version, clock_timestamp() from market.ban_clock"
LIVE: Final = """
    select kind, value, ban_id, reason from market.ban
    where lifted_at is null and (started or valid_from <= %(at)s)
      and (valid_until is null or %(at)s < valid_until)
"""
NEXT: Final = """
    select min(least(case when not started and valid_from > %(at)s then valid_from end,
                     case when valid_until > %(at)s then valid_until end))
    from market.ban where lifted_at is null
"""


class Moment(NamedTuple):
    """The version of the list and the database's time, read together."""

    version: int
    at: datetime


class LiveRule(NamedTuple):
    """A rule that holds."""

    kind: Kind
    value: str
    ban_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class BanList:
    """All rules that hold from `at` until before `changes_at`, if the version stays the same."""

    version: int
    at: datetime
    changes_at: datetime | None
    rules: tuple[LiveRule, ...]
    _by_value: dict[tuple[Kind, str], LiveRule] = field(init=False, repr=False, compare=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_value = {(rule.kind, rule.value): rule for rule in self.rules}
        object.__setattr__(self, "_by_value", by_value)
        lengths = {len(rule.value) for rule in self.of(Kind.SKU_PREFIX)}
        object.__setattr__(self, "_lengths", tuple(sorted(lengths, reverse=True)))

    @property
    def prefix_lengths(self) -> tuple[int, ...]:
        """The lengths of the prefixes, the longest first."""
        return self._lengths

    def of(self, kind: Kind, length: int | None = None) -> Iterable[LiveRule]:
        """The rules of one kind, or those with a value of this length."""
        return (
            rule
            for rule in self.rules
            if rule.kind is kind and (length is None or len(rule.value) == length)
        )

    def holds_at(self, moment: Moment) -> bool:
        """Whether the list is still the whole truth. A clock that was set back ends it too."""
        return (
            moment.version == self.version
            and self.at <= moment.at
            and (self.changes_at is None or moment.at < self.changes_at)
        )

    def rule_for(self, product_id: str, sku: str) -> LiveRule | None:
        """The closest rule that bans a product: its id, its article number, its longest prefix."""
        found = self._by_value.get((Kind.PRODUCT, product_id)) or self._by_value.get(
            (Kind.SKU, sku)
        )
        if found is not None:
            return found
        for length in self._lengths:
            if length <= len(sku):
                found = self._by_value.get((Kind.SKU_PREFIX, sku[:length]))
                if found is not None:
                    return found
        return None


def fetch_moment(connection: Pg) -> Moment:
    """The version as it is now. Raises psycopg's errors: without the list nothing may pass."""
    row = connection.execute(MOMENT).fetchone()
    if row is None:
        raise psycopg.DataError("market.ban_clock has no row: the ban list cannot be trusted")
    return Moment(*row)


def fetch_list(connection: Pg) -> BanList:
    """The list and its version, of one snapshot. Outside any transaction."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        moment = fetch_moment(connection)
        rows = connection.execute(LIVE, {"at": moment.at}).fetchall()
        row = connection.execute(NEXT, {"at": moment.at}).fetchone()
    return BanList(
        version=moment.version,
        at=moment.at,
        changes_at=row[0] if row else None,
        rules=tuple(LiveRule(Kind(kind), *rest) for kind, *rest in rows),
    )
