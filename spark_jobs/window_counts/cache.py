"""The Redis copy of the counts: written after each commit, rebuilt when it may be wrong.

Redis away never stops the counting: the copy is then stale until a heartbeat can rebuild it
from PostgreSQL.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import psycopg
import structlog

from weir.errors import Unavailable
from weir.ops.lease import Pg

log = structlog.get_logger()
Row = tuple[Any, ...]


class Cache(Protocol):
    """What `weir.store.wikimedia_cache.WikimediaCache` offers."""

    def apply(
        self,
        previous_version: str | None,
        version: str,
        windows: Sequence[Any],
        totals: Sequence[Any],
        offsets: Mapping[str, Mapping[int, int]],
    ) -> bool: ...

    def rebuild(self, connection: Pg, version: str) -> bool: ...

    def version(self) -> str | None: ...


class CacheKeeper:
    """Keeps one cache equal to PostgreSQL; its methods may be called by two threads."""

    def __init__(self, cache: Cache, epoch: int, connect: Callable[[], Pg]) -> None:
        self._cache = cache
        self._epoch = epoch
        self._connect = connect
        self._lock = threading.Lock()
        self._number = 0
        self._version: str | None = None  # None: stale, or not known to be right
        self._complained = False

    def apply(
        self,
        windows: Sequence[Row],
        totals: Sequence[Row],
        offsets: Mapping[str, Mapping[int, int]],
    ) -> None:
        """Write the absolute values of a committed batch."""
        with self._lock:
            if self._version is None:
                self._rebuild()
                return
            try:
                version = self._next()
                applied = self._cache.apply(self._version, version, windows, totals, offsets)
                self._version = version if applied else None
            except Unavailable as error:
                self._away(error)
            if self._version is None:
                self._rebuild()

    def mend(self) -> None:
        """Rebuild the cache if it is stale or was lost; called with each heartbeat."""
        with self._lock:
            try:
                if self._version is not None and self._cache.version() != self._version:
                    self._version = None
            except Unavailable as error:
                self._away(error)
            if self._version is None:
                self._rebuild()

    def _rebuild(self) -> None:
        version = self._next()
        try:
            with self._connect() as connection:
                rebuilt = self._cache.rebuild(connection, version)
        except Unavailable as error:
            self._away(error)
            return
        except psycopg.OperationalError as error:
            log.warning("the cache stays stale", error=str(error).splitlines()[0])
            return
        if rebuilt:
            log.info("cache rebuilt", version=version)
            self._version, self._complained = version, False

    def _away(self, error: Unavailable) -> None:
        self._version = None
        if not self._complained:
            log.warning("counting goes on without the cache", error=error.what)
            self._complained = True

    def _next(self) -> str:
        self._number += 1
        return f"{self._epoch}:{self._number}"
