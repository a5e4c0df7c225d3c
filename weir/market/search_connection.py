"""Connections that search, and what their errors mean."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from weir.errors import Unavailable
from weir.store.postgres import connect

Pg = psycopg.Connection[Any]
Result = TypeVar("Result")

# A search knows its index: reading the whole table instead is right only for a handful of rows,
# and the planner thinks that a thousand matches are found quickest so. Compiling costs more than
# the query.
OPTIONS: Final[dict[str, Any]] = {
    "jit": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "statement_timeout": "5s",
}
WAY_OUT: Final = "weir status; a search has no other source, because none could honour a ban"


def connect_for_search(dsn_file: Path) -> Pg:
    """A connection for many searches, one at a time. Raises Unavailable."""
    return connect(
        dsn_file, application_name="weir:market:search", connect_timeout_seconds=2, **OPTIONS
    )


@contextmanager
def answering() -> Iterator[None]:
    """Inside, an error of PostgreSQL is Unavailable, in words."""
    try:
        yield
    except psycopg.Error as error:
        raise Unavailable(f"PostgreSQL: {str(error).strip()}", WAY_OUT, 5) from error


class SearchConnections:
    """Idle connections of a server; safe to use from many threads.

    One that the server closed meanwhile (it was restarted) is replaced within the same call.
    """

    def __init__(self, dsn_file: Path, most_idle: int = 4) -> None:
        self._dsn_file = dsn_file
        self._idle: queue.LifoQueue[Pg] = queue.LifoQueue(most_idle)

    def run(self, work: Callable[[Pg], Result]) -> Result:
        """What `work` returns; it may run twice when the server restarts. Raises Unavailable."""
        with answering():
            try:
                kept = self._idle.get_nowait()
            except queue.Empty:
                return self._use(connect_for_search(self._dsn_file), work)
            try:
                return self._use(kept, work)
            except psycopg.OperationalError:
                if not kept.closed:
                    raise
                return self._use(connect_for_search(self._dsn_file), work)

    def _use(self, connection: Pg, work: Callable[[Pg], Result]) -> Result:
        try:
            result = work(connection)
        except BaseException:
            if connection.info.transaction_status is not TransactionStatus.IDLE:
                connection.close()
            self._keep(connection)
            raise
        self._keep(connection)
        return result

    def _keep(self, connection: Pg) -> None:
        if connection.closed:
            return
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()
