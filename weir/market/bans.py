"""Banning and unbanning: rows with who, when and why; nothing is deleted.

Every change takes the lock on the one row of `market.ban_clock`, so changes have one order, and
raises the version in its own transaction: who reads a version has all changes up to it. When a
function here has returned, its transaction is on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from weir.errors import SettingError
from weir.market.rules import Rule
from weir.ops.audit import note_deed

Pg = psycopg.Connection[Any]
NAMED_IN_AUDIT: Final = 100

LOCK: Final = "select version, clock_timestamp() from market.ban_clock for update"
ASKED: Final = "unnest(%(kinds)s::text[], %(values)s::text[]) as asked (kind, value)"
OPEN: Final = (
    f"select b.* from market.ban b join {ASKED} using (kind, value) where lifted_at is null"
)
SAME: Final = f"""
    select kind, value from ({OPEN}) b
    where reason = %(reason)s and valid_until is not distinct from %(until)s::timestamptz
      and case when %(from)s::timestamptz is null then started else valid_from = %(from)s end
"""
HOLDING: Final = f"select kind || ':' || value from ({OPEN}) b where started limit 1"
LIFT: Final = f"""
    update market.ban b set lifted_at = clock_timestamp(), lifted_by = %(who)s,
                            lift_reason = %(reason)s
    from {ASKED}
    where b.kind = asked.kind and b.value = asked.value and b.lifted_at is null
    returning b.ban_id, b.kind, b.value
"""
INSERT: Final = f"""
    insert into market.ban (kind, value, reason, banned_by, valid_from, valid_until, started,
                            version)
    select kind, value, %(reason)s, %(who)s, coalesce(%(from)s::timestamptz, clock_timestamp()),
           %(until)s, %(from)s::timestamptz is null, 0
    from {ASKED} order by kind, value
    returning ban_id
"""
BEGINS: Final = """
    lifted_at is null and not started and valid_from <= clock_timestamp()
    and (valid_until is null or clock_timestamp() < valid_until)
"""
IS_OVER: Final = "lifted_at is null and valid_until <= clock_timestamp()"
STARTS: Final = f"update market.ban set started = true where {BEGINS} returning ban_id"
ENDS: Final = f"""
    update market.ban set lifted_at = valid_until, lifted_by = 'weir', lift_reason = 'over'
    where {IS_OVER} returning ban_id
"""
IS_DUE: Final = f"""
    select exists (select from market.ban where {BEGINS})
        or exists (select from market.ban where {IS_OVER})
"""
# One version per change; its record, and the mark that products may not follow it yet.
NOTE: Final = """
    with raised as (
        update market.ban_clock set version = version + %(n)s returning version - %(n)s as base
    ), changed as (
        select ban_id, base + row_number() over (order by ban_id) as version
        from unnest(%(ids)s::bigint[]) ban_id cross join raised
    ), ban as (
        update market.ban b set version = c.version from changed c where b.ban_id = c.ban_id
        returning b.*
    ), record as (
        insert into market.ban_outbox (version, key, record)
        select version, kind || ':' || value, jsonb_build_object(
            'v', 1, 'version', version, 'ban_id', ban_id, 'kind', kind, 'value', value,
            'state', case when lifted_at is not null then 'lifted'
                          when started then 'live' else 'scheduled' end,
            'reason', reason, 'banned_by', banned_by, 'valid_from', valid_from,
            'valid_until', valid_until, 'lifted_at', lifted_at, 'lifted_by', lifted_by,
            'lift_reason', lift_reason)
        from ban
    )
    insert into market.ban_unsettled (kind, value, version)
    select kind, value, version from ban order by kind, value
    on conflict (kind, value) do update
    set version = excluded.version, changed_at = clock_timestamp()
"""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a command did. `version` is the list's afterwards."""

    version: int
    changed: int
    unchanged: int
    replaced: int = 0


def ban(
    connection: Pg,
    rules: Iterable[Rule],
    *,
    reason: str,
    who: str,
    via: str,
    valid_from: datetime | None = None,
    until: datetime | None = None,
) -> Changed:
    """Ban all rules or none; from now on unless `valid_from` says later.

    A rule that is banned already gets a new row with the new words, and the old one says that it
    was replaced; with the same words nothing changes. Raises SettingError, psycopg's errors.
    """
    asked = sorted(set(rules))
    _refuse_empty(asked, reason)
    with _changing(connection) as now:
        if until is not None and until <= max(now, valid_from or now):
            raise SettingError(
                f"the ban would end at {until}, before it begins", "give a later time"
            )
        values = _values(asked) | {
            "reason": reason,
            "who": who,
            "from": valid_from if valid_from and valid_from > now else None,
            "until": until,
        }
        if values["from"] is not None:
            held = connection.execute(HOLDING, values).fetchone()
            if held is not None:
                raise SettingError(
                    f"{held[0]} is banned already, and would not be until the later beginning",
                    "unban it first if that is meant",
                )
        same = {Rule(*row) for row in connection.execute(SAME, values).fetchall()}
        new = [rule for rule in asked if rule not in same]
        values |= _values(new)
        old = connection.execute(LIFT, values | {"reason": "replaced"}).fetchall()
        ids = [row[0] for row in connection.execute(INSERT, values).fetchall()]
        version = _note(connection, ids)
        if ids:
            _audit(connection, "ban", new, who=who, via=via, reason=reason, until=until)
    return Changed(version=version, changed=len(ids), unchanged=len(same), replaced=len(old))


def unban(connection: Pg, rules: Iterable[Rule], *, reason: str, who: str, via: str) -> Changed:
    """Lift the bans of these rules, also those that have not begun; unchanged: not banned."""
    asked = sorted(set(rules))
    _refuse_empty(asked, reason)
    with _changing(connection):
        values = _values(asked) | {"who": who, "reason": reason}
        lifted = connection.execute(LIFT, values).fetchall()
        version = _note(connection, [row[0] for row in lifted])
        if lifted:
            named = [Rule(*row[1:]) for row in lifted]
            _audit(connection, "unban", named, who=who, via=via, reason=reason, until=None)
    return Changed(version=version, changed=len(lifted), unchanged=len(asked) - len(lifted))


def turn_due(connection: Pg) -> int:
    """Give beginnings and ends that are due their version; how many. Harmless when done twice."""
    # Asked five times a second: the lock of a change would be written to disk each time.
    if connection.execute(IS_DUE).fetchone() == (False,):
        return 0
    with _changing(connection, due=False):
        return _due(connection)


@contextmanager
def _changing(connection: Pg, *, due: bool = True) -> Iterator[datetime]:
    """The transaction of a change, on disk when it ends; gives the database's time."""
    with connection.transaction():
        # A ban that a crash of the server took back would let products through.
        connection.execute("set local synchronous_commit = on")
        row = connection.execute(LOCK).fetchone()
        if row is None:
            raise psycopg.DataError("market.ban_clock has no row")
        if due:
            # What is over must not stand in the way of a new ban of the same rule.
            _due(connection)
        yield row[1]


def _due(connection: Pg) -> int:
    changed = [row[0] for text in (ENDS, STARTS) for row in connection.execute(text).fetchall()]
    _note(connection, changed)
    return len(changed)


def _note(connection: Pg, ids: Sequence[int]) -> int:
    """Stamp these rows; the list's version afterwards."""
    if ids:
        connection.execute(NOTE, {"ids": list(ids), "n": len(ids)})
    row = connection.execute("select version from market.ban_clock").fetchone()
    return int(row[0]) if row else 0


def _values(rules: Sequence[Rule]) -> dict[str, Any]:
    return {"kinds": [rule.kind.value for rule in rules], "values": [rule.value for rule in rules]}


def _refuse_empty(rules: Sequence[Rule], reason: str) -> None:
    if not rules:
        raise SettingError("no rule is given", "--product-id, --sku, --sku-prefix or --file")
    if not reason.strip() or len(reason) > 500:
        raise SettingError(
            "--reason is empty, or longer than 500 characters", "who asks must know why"
        )


def _audit(
    connection: Pg,
    action: str,
    rules: Sequence[Rule],
    *,
    who: str,
    via: str,
    reason: str,
    until: datetime | None,
) -> None:
    note_deed(
        connection,
        who=who,
        via=via,
        action=action,
        subject=rules[0].key if len(rules) == 1 else f"{len(rules)} rules",
        rules=[rule.key for rule in rules[:NAMED_IN_AUDIT]],
        reason=reason,
        until=None if until is None else until.isoformat(),
    )
