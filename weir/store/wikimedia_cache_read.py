"""From what Redis answered to counts: pure, and suspicious of a cache that lost a part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from weir.store.wikimedia_counts import Counts, CountsRead, Offsets, TimeRange


class NotCached(Exception):
    """The cache cannot answer this (empty, damaged, or asked for older windows): ask PostgreSQL."""


class Raw(NamedTuple):
    """The hashes of the cache, read in one step."""

    meta: dict[str, str]
    totals: dict[str, str]
    windows: dict[str, str]
    per_window: dict[int, dict[str, str]]


def windows_in(listed: Iterable[str], within: TimeRange | None) -> set[int]:
    """Which of the `listed` window starts lie in the range."""
    if within is None:
        return set()
    low, high = within.start.timestamp(), within.end.timestamp()
    return {int(start) for start in listed if low <= int(start) < high}


def counts_from_raw(
    raw: Raw, *, within: TimeRange | None, minutes: Iterable[datetime]
) -> CountsRead:
    """Counts per domain and minute. Raises NotCached rather than giving a number that may be short.

    A Redis that evicts keys under memory pressure loses whole hashes: their sizes are compared
    with the sizes that the writer noted.
    """
    asked = list(minutes)
    if "domains" not in raw.meta:  # nothing, or only the claim of a first rebuild
        raise NotCached("the cache is empty")
    if len(raw.totals) != int(raw.meta["domains"]):
        raise NotCached("the cache has lost totals")
    floor = datetime.fromtimestamp(int(raw.meta["floor"]), UTC)
    first = min([*asked, *([within.start] if within else [])], default=floor)
    if first < floor:
        raise NotCached(f"the cache keeps windows from {floor:%Y-%m-%d %H:%M} UTC on")
    needed = windows_in(raw.windows, within) | {int(minute.timestamp()) for minute in asked}
    for start in needed:
        # A window that came between listing and reading is not here, and is lost to this answer.
        if len(raw.per_window.get(start, {})) != int(raw.windows.get(str(start), 0)):
            raise NotCached("the cache has lost a window")
    per_window = {start: parse_counts(hash_) for start, hash_ in raw.per_window.items()}
    ranged = windows_in(raw.windows, within)
    return CountsRead(
        offsets=parse_offsets(raw.meta["offsets"]),
        as_of_utc=datetime.fromisoformat(raw.meta["as_of"]) if raw.meta["as_of"] else None,
        domains=parse_counts(raw.totals)
        if within is None
        else summed(per_window[start] for start in sorted(ranged)),
        minutes={minute: per_window[int(minute.timestamp())] for minute in asked},
        oldest_minute=datetime.fromtimestamp(int(raw.meta["oldest"]), UTC)
        if "oldest" in raw.meta
        else None,
    )


def parse_offsets(text: str) -> Offsets:
    """The JSON of `meta.offsets`, whose partitions are text, to offsets."""
    return {
        topic: {int(partition): next_offset for partition, next_offset in partitions.items()}
        for topic, partitions in json.loads(text).items()
    }


def parse_counts(texts: dict[str, str]) -> dict[str, Counts]:
    """{"de.wikipedia.org": "3,2,1"} to counts."""
    return {domain: Counts(*map(int, text.split(","))) for domain, text in texts.items()}


def summed(windows: Iterable[dict[str, Counts]]) -> dict[str, Counts]:
    """Per domain, the sum over several windows."""
    sums: dict[str, Counts] = {}
    for window in windows:
        for domain, counts in window.items():
            before = sums.get(domain, Counts(0, 0, 0))
            sums[domain] = Counts(*(a + b for a, b in zip(before, counts, strict=True)))
    return sums
