"""Counting an hour anew: its rows become what the history says, under the stream's own ledger.

The stream may run meanwhile. Both take the ledger's rows first, so either the stream's batch is
wholly counted before, and then its messages are read here too, or it comes later and finds the
messages that were counted here marked. So no message is counted twice, and none is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from weir.errors import ContractError
from weir.market import statistics_store as store
from weir.market.count_once import add_bits, lock_ledger, take_changes
from weir.market.facts import distinct
from weir.market.statistics_commit import QUERY, STREAM
from weir.ops.audit import note_deed
from weir.ops.lease import Pg
from weir.ops.window import TimeWindow

Places = Mapping[tuple[str, int], int]


@dataclass(frozen=True, kw_only=True)
class Recounted:
    """One hour: how many messages its rows held, and how many they hold now."""

    window: TimeWindow
    before: int
    after: int


def recount(
    connection: Pg,
    window: TimeWindow,
    facts: pa.Table,
    read_to: Places,
    newer: Callable[[dict[tuple[str, int], tuple[int, int]]], pa.Table],
    *,
    may_lower: bool = False,
    stream: str = STREAM,
) -> Recounted:
    """Replace the window's rows by `facts`, which hold all that lies before `read_to`.

    `newer` reads the window's facts in ranges (place -> begin, end) that the stream has counted
    since. Raises ContractError, and changes nothing, if there would be fewer than there were.
    """
    with connection.transaction():
        counted = lock_ledger(connection, stream, QUERY)
        missing = {
            place: (read_to.get(place, 0), offset)
            for place, offset in counted.items()
            if offset > read_to.get(place, 0)
        }
        if missing:
            facts = pa.concat_tables([facts, newer(missing)])
        facts, bits, changes = distinct(within(facts, window))
        before = store.count_messages(connection, window)
        if len(facts) < before and not may_lower:
            raise ContractError(
                f"{window}: the history holds {len(facts)} messages, {before} are counted",
                "Kafka has deleted or compacted what the archive does not have; what is counted"
                " stays. Count lower on purpose with `may_lower`",
            )
        store.replace(connection, window, facts)
        add_bits(connection, bits)
        take_changes(connection, changes)
    return Recounted(window=window, before=before, after=len(facts))


def within(facts: pa.Table, window: TimeWindow) -> pa.Table:
    """The facts whose minute begins in the window."""
    minutes = facts["minute"]
    first, end = int(window.start.timestamp()), int(window.end.timestamp())
    return facts.filter(pc.and_(pc.greater_equal(minutes, first), pc.less(minutes, end)))


def note(connection: Pg, window: TimeWindow, done: list[Recounted], who: str) -> None:
    """Into the audit trail: who counted what anew."""
    note_deed(
        connection,
        who=who,
        via="market_statistics_backfill",
        action="market.statistics.backfill",
        subject=str(window),
        before=sum(each.before for each in done),
        after=sum(each.after for each in done),
    )
