"""The Wikimedia counts in Redis: a copy of PostgreSQL that can only be right or refused.

A change applies only to the version it was computed from. After a Redis restart, a lost write or
a write by a paused process the versions differ: `apply` returns False, and `rebuild` copies one
snapshot of PostgreSQL in one step. Only windows of the newest two hours (by event time) are kept;
`meta.floor` says from where on they are complete.

Keys, all hashes: weir:wikimedia:meta (version, offsets, as_of, floor, oldest, domains),
:totals (domain -> counts), :windows (start -> number of domains),
:window:<start, epoch seconds> (domain -> counts).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import redis

from weir.clock import Clock, utc_now
from weir.store.redis import redis_errors_named
from weir.store.wikimedia_cache_read import (
    NotCached,
    Raw,
    counts_from_raw,
    parse_offsets,
    windows_in,
)
from weir.store.wikimedia_cache_scripts import APPLY, SWAP
from weir.store.wikimedia_counts import CacheContent, CountsRead, Offsets, TimeRange, Total, Window
from weir.store.wikimedia_stats import Connection, fetch_for_cache

KEEP = timedelta(hours=2)

__all__ = ["NotCached", "WikimediaCache"]


class WikimediaCache:
    """Reads and writes the cache. Every method raises Unavailable when Redis does not answer."""

    def __init__(
        self, client: redis.Redis, *, prefix: str = "wikimedia", clock: Clock = utc_now
    ) -> None:
        base = f"weir:{prefix}:"
        self._client = client
        self._clock = clock
        self._keys = [base + "meta", base + "totals", base + "windows", base + "window:"]
        self._apply: Callable[..., Any] = client.register_script(APPLY)
        self._swap: Callable[..., Any] = client.register_script(SWAP)

    def apply(
        self,
        previous_version: str | None,
        version: str,
        windows: Sequence[Window],
        totals: Sequence[Total],
        offsets: Mapping[str, Mapping[int, int]],
    ) -> bool:
        """Write one batch's absolute values; False: the cache is stale and wants a `rebuild`.

        previous_version: what the last `apply` or `rebuild` of this writer left; None: unknown.
        version: unique for ever, by custom "<epoch>:<number of the batch in it>".
        offsets: of all partitions, not only of those that moved.
        Applying one batch twice is refused the second time, and changes nothing.
        """
        if previous_version is None:
            return False
        change = CacheContent(
            windows=windows,
            totals=totals,
            offsets=offsets,
            as_of_utc=self._clock(),
            oldest_minute=min((row[0] for row in windows), default=None),
        )
        blob = _blob(version, change)
        with redis_errors_named():
            return bool(self._apply(keys=self._keys, args=[previous_version, blob]))

    def rebuild(self, connection: Connection, version: str) -> bool:
        """Replace the cache by one snapshot of PostgreSQL, which is read after a claim.

        The claim makes every `apply` that comes in between stale, so no older snapshot can go
        over a newer batch. False: another rebuild began later, and its snapshot is the newer one;
        a writer that goes on from `version` all the same finds it stale at its next batch.
        Readers see the old counts until the new ones are there.
        """
        claim = f"claimed:{uuid4()}"
        with redis_errors_named():
            self._client.hset(self._keys[0], "version", claim)
        blob = _blob(version, fetch_for_cache(connection, keep=KEEP))
        with redis_errors_named():
            return bool(self._swap(keys=self._keys, args=[claim, blob]))

    def version(self) -> str | None:
        """The version of what is cached; None when nothing is."""
        with redis_errors_named():
            return cast("str | None", self._client.hget(self._keys[0], "version"))

    def offsets(self) -> Offsets:
        """How far the cached counts go. Raises NotCached when nothing is cached."""
        with redis_errors_named():
            text = cast("str | None", self._client.hget(self._keys[0], "offsets"))
        if text is None:
            raise NotCached("the cache is empty")
        return parse_offsets(text)

    def read(self, *, within: TimeRange | None, minutes: Iterable[datetime]) -> CountsRead:
        """As `wikimedia_stats.fetch_counts`, in one atomic step. Raises NotCached."""
        asked = list(minutes)
        meta, totals, windows, prefix = self._keys
        with redis_errors_named():
            listed = cast("list[str]", self._client.hkeys(windows)) if within else []
        starts = sorted({_epoch(minute) for minute in asked} | windows_in(listed, within))
        pipeline = self._client.pipeline(transaction=True)
        for key in (meta, totals, windows, *(f"{prefix}{start}" for start in starts)):
            pipeline.hgetall(key)
        with redis_errors_named():
            answers = pipeline.execute()
        raw = Raw(
            meta=answers[0],
            totals=answers[1],
            windows=answers[2],
            per_window=dict(zip(starts, answers[3:], strict=True)),
        )
        return counts_from_raw(raw, within=within, minutes=asked)


def _blob(version: str, content: CacheContent) -> str:
    newest = max((row[0] for row in content.windows), default=None)
    floor = newest - KEEP if newest else datetime.fromtimestamp(0, UTC)
    by_start: dict[str, dict[str, str]] = {}
    for start, domain, *counts in content.windows:
        if start >= floor:
            by_start.setdefault(str(_epoch(start)), {})[domain] = _text(counts)
    return json.dumps(
        {
            "version": version,
            "offsets": json.dumps(content.offsets),
            "as_of": content.as_of_utc.isoformat() if content.as_of_utc else "",
            "floor": _epoch(floor),
            "oldest": _epoch(content.oldest_minute) if content.oldest_minute else None,
            "windows": by_start,
            "totals": {domain: _text(counts) for domain, *counts in content.totals},
        }
    )


def _text(counts: Iterable[int]) -> str:
    return ",".join(str(count) for count in counts)


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())
