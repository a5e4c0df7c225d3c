"""From records of the filter to the newest entry per product, and refusals. Pure.

Parsing is plain Python in the driver: one judge of products for everybody, and PostgreSQL, not
parsing, is what bounds this stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from weir.kafka.record import Headers, is_probe
from weir.market.catalogue import Entry, Unreadable, entry_of, newest


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """A batch, sorted out. refused: topic -> (partition, offset) -> reason; times of Kafka."""

    entries: list[Entry]
    refused: Mapping[str, Mapping[tuple[int, int], str]]
    rows: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def refusals(self) -> int:
        """How many records are refused."""
        return sum(map(len, self.refused.values()))


def sort_out(rows: Iterable[Mapping[str, Any]]) -> Sorted:
    """Every record is an entry, a repetition of one, a probe, or refused."""
    entries: list[Entry] = []
    refused: dict[str, dict[tuple[int, int], str]] = {}
    times: list[datetime] = []
    for row in rows:
        if is_probe(row["key"]):
            continue
        times.append(row["timestamp"])
        found = entry_of(row["topic"], row["key"], row["value"], headers_of(row["headers"]))
        if isinstance(found, Entry):
            entries.append(found)
        elif isinstance(found, Unreadable):
            place = (row["partition"], row["offset"])
            refused.setdefault(row["topic"], {})[place] = found.reason
    return Sorted(
        entries=newest(entries),
        refused=refused,
        rows=len(times),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
    )


def headers_of(headers: Iterable[Mapping[str, Any]] | None) -> Headers:
    """The headers as Spark reads them, as everything else here has them."""
    return tuple((header["key"], header["value"]) for header in headers or ())
