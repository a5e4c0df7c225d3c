"""From the ban list to Kafka: every change once in order, due times, and a look back.

Under a crash: at least once, in order; a reader that knows a higher version drops a lower one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
import psycopg

from weir.clock import Monotonic, monotonic
from weir.kafka.producer import Publisher
from weir.market.bans import turn_due
from weir.market.settle import Ends, has_read, hidden_but_free, shown_but_banned

Pg = psycopg.Connection[Any]

LOCK: Final = "select pg_try_advisory_lock(hashtextextended('weir:market-relay', 0))"
MAX_RECORDS: Final = 10_000
AGAIN_SECONDS: Final = 1.0
KEPT_DAYS: Final = 7

UNPUBLISHED: Final = """
    select version, key, record::text from market.ban_outbox
    where published_at is null order by version limit %s
"""
PUBLISHED: Final = """
    update market.ban_outbox set published_at = clock_timestamp() where version = any(%s)
"""
FORGET: Final = f"""
    delete from market.ban_outbox o
    where published_at < clock_timestamp() - interval '{KEPT_DAYS} days'
      and not exists (select from market.ban_unsettled u where u.version = o.version)
"""
SEEN: Final = """
    select least((select ban_version from market.filter_seen order by seen_at desc limit 1),
                 max(version))
    from market.ban_unsettled having count(*) > 0
"""
SETTLED: Final = "delete from market.ban_unsettled where version <= %s"
NEWEST: Final = """
    select o.key, o.record::text from market.ban_unsettled u
    join market.ban_outbox o using (version) where u.version <= %s order by version desc limit 1
"""


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What one pass did. `settled`: rules that all products follow now."""

    due: int = 0
    published: int = 0
    settled: int = 0
    again: int = 0


@dataclass(frozen=True, kw_only=True)
class _Barrier:
    """When the catalogue has read up to `ends`, all rules up to `version` can be judged."""

    version: int
    ends: Ends


class Relay:
    """One works, others stand by: the lock goes with the connection of the one that works."""

    def __init__(
        self,
        publisher: Publisher,
        topic: str,
        ends: Callable[[], Ends],
        clock: Monotonic = monotonic,
    ) -> None:
        """`ends`: where the topics that the filter writes end now."""
        self._publisher = publisher
        self._topic = topic
        self._ends = ends
        self._clock = clock
        self._locked: Pg | None = None
        self._barrier: _Barrier | None = None
        self._asked = -AGAIN_SECONDS

    def pass_once(self, connection: Pg) -> Passed:
        """One pass. Raises PublishError, Unavailable, psycopg's errors."""
        if not self._works(connection):
            return Passed()
        due = turn_due(connection)
        published = self._publish(connection)
        settled, again = self._settle(connection)
        return Passed(due=due, published=published, settled=settled, again=again)

    def forget_old(self, connection: Pg) -> None:
        """Published records of last week; the bans themselves are kept for ever."""
        connection.execute(FORGET)

    def _works(self, connection: Pg) -> bool:
        if self._locked is not connection:
            row = connection.execute(LOCK).fetchone()
            self._locked = connection if row and row[0] else None
        return self._locked is connection

    def _publish(self, connection: Pg) -> int:
        rows = connection.execute(UNPUBLISHED, [MAX_RECORDS]).fetchall()
        for _, key, record in rows:
            self._send(key, record)
        if rows:
            self._publisher.flush()
            connection.execute(PUBLISHED, [[row[0] for row in rows]])
        return len(rows)

    def _settle(self, connection: Pg) -> tuple[int, int]:
        """How many rules are settled now, and how many records ask the filter to look again."""
        if self._barrier is None:
            row = connection.execute(SEEN).fetchone()
            if row is None or row[0] is None:
                return 0, 0
            # After the filter said what it had seen: what it writes later follows the rules.
            self._barrier = _Barrier(version=row[0], ends=self._ends())
        barrier = self._barrier
        if not has_read(connection, barrier.ends):
            return 0, 0
        if not (
            shown_but_banned(connection, barrier.version, 1)
            or hidden_but_free(connection, barrier.version, 1)
        ):
            self._barrier = None
            return connection.execute(SETTLED, [barrier.version]).rowcount, 0
        if self._clock() - self._asked < AGAIN_SECONDS:
            return 0, 0
        self._asked, self._barrier = self._clock(), None
        return 0, self._ask_again(connection, barrier.version)

    def _ask_again(self, connection: Pg, version: int) -> int:
        """Any record makes the filter look at all unsettled rules: one of them, as it is."""
        row = connection.execute(NEWEST, [version]).fetchone()
        if row is None:
            return 0
        self._send(*row)
        self._publisher.flush()
        return 1

    def _send(self, key: str, record: str) -> None:
        self._publisher.send(self._topic, orjson.dumps(orjson.loads(record)), key=key.encode())
