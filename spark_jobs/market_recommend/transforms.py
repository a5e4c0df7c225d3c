"""From raw messages to searches, requests and refusals. Pure.

Parsing is plain Python in the driver, as in promo_join: people search some hundreds of times a
second at most, and one function judges a message for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from weir.contracts import recommendation, search_event
from weir.contracts.recommendation import Request, parse_request
from weir.contracts.search_event import SearchEvent, parse_search

MAX_BYTES: Final = max(recommendation.MAX_BYTES, search_event.MAX_BYTES)
TOO_LARGE: Final = "too_large"
OUTSIDE: Final = "time_out_of_range"
DAYS_BACK: Final = 30
MINUTES_AHEAD: Final = 5
"""A search outside of these would make a product popular for ever, or says nothing any more."""


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """A batch, sorted out. refused: (topic, partition, offset) -> reason; times of Kafka."""

    searches: tuple[SearchEvent, ...]
    requests: tuple[Request, ...]
    refused: Mapping[tuple[str, int, int], str]
    messages: int
    probes: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None


def sort_out(rows: Iterable[Mapping[str, Any]], requests_topic: str, now_utc: datetime) -> Sorted:
    """Every message is a search, a request, a probe among the requests, or refused.

    `rows` as `promo_join.transforms.readable` makes them; in the order of their time stamps.
    """
    searches: list[SearchEvent] = []
    requests: list[Request] = []
    refused: dict[tuple[str, int, int], str] = {}
    probes: list[str] = []
    ordered = sorted(rows, key=lambda row: (row["timestamp"], row["partition"], row["offset"]))
    for row in ordered:
        place = (row["topic"], row["partition"], row["offset"])
        found: SearchEvent | Request | str
        if row["value"] is None and row["value_bytes"] is not None:
            found = TOO_LARGE
        elif row["topic"] != requests_topic:
            found = _search(row["value"], now_utc)
        elif row.get("probe"):
            probes.append(row["probe"])
            continue
        else:
            asked = parse_request(row["value"])
            found = asked if isinstance(asked, Request) else asked.word
        match found:
            case SearchEvent():
                searches.append(found)
            case Request():
                requests.append(found)
            case str():
                refused[place] = found
    return Sorted(
        searches=tuple(searches),
        requests=tuple(requests),
        refused=refused,
        messages=len(ordered) - len(probes),
        probes=tuple(probes),
        first_at=ordered[0]["timestamp"] if ordered else None,
        last_at=ordered[-1]["timestamp"] if ordered else None,
    )


def _search(value: bytes | None, now_utc: datetime) -> SearchEvent | str:
    found = parse_search(value)
    if not isinstance(found, SearchEvent):
        return found.word
    age_seconds = now_utc.timestamp() - found.searched_at_ms / 1000
    if not -MINUTES_AHEAD * 60 <= age_seconds <= DAYS_BACK * 86_400:
        return OUTSIDE
    return found
