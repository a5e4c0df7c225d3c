"""Where a connection to the sample server begins, and the id of each event, as EventStreams does.

`Last-Event-ID` names a position per topic; `offset` beats `timestamp`, offset -1 is "latest".
`since` counts only without it. What is older than what is kept begins at latest. Positions and
`since` may be kept for different times: who resumes is not flooded, who asks for the past gets it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import orjson

RETENTION_MS = 7 * 24 * 3600 * 1000


class Source(Protocol):
    """What the server sends: generated or replayed."""

    def timestamp_ms(self, index: int) -> int: ...
    def index_at(self, timestamp_ms: int) -> int: ...
    def topic(self, index: int) -> str: ...
    def event(self, index: int) -> bytes: ...


class BadPosition(ValueError):
    """The position cannot be read: the answer is 400."""


class Positions:
    """The topics' positions of one connection."""

    def __init__(self, topics: tuple[str, ...]) -> None:
        self._entries = {topic: b'"offset":-1' for topic in topics}
        self.start_index: dict[str, int] = {}

    def assign(self, topic: str, index: int, entry: bytes) -> None:
        """Begin `topic` at `index`; ids echo `entry` until an event of the topic passes."""
        self.start_index[topic] = index
        self._entries[topic] = entry

    def pass_event(self, topic: str, timestamp_ms: int) -> bytes:
        """The id of the event that passes now: its own timestamp + 1 in its topic's entry."""
        self._entries[topic] = b'"timestamp":%d' % (timestamp_ms + 1)
        return self.as_id()

    def as_id(self) -> bytes:
        """The id line's JSON."""
        rows = (
            b'{"topic":"%b","partition":0,%b}' % (topic.encode(), entry)
            for topic, entry in self._entries.items()
        )
        return b"[" + b",".join(rows) + b"]"


def begin(
    source: Source,
    topics: tuple[str, ...],
    *,
    last_event_id: str,
    since: str,
    latest: int,
    oldest_ms: int | None,
    oldest_since_ms: int | None,
) -> Positions:
    """Judge the request's position; `latest` is the index that a new client begins with.

    Raises BadPosition.
    """
    positions = Positions(topics)
    if last_event_id:
        for topic, number, is_offset in _parse_id(last_event_id):
            if is_offset:
                positions.assign(topic, latest if number < 0 else number, b'"offset":%d' % number)
            else:
                index = _index(source, number, latest=latest, oldest_ms=oldest_ms)
                positions.assign(topic, index, b'"timestamp":%d' % number)
    elif since:
        at_ms = _parse_since(since)
        for topic in topics:
            index = _index(source, at_ms, latest=latest, oldest_ms=oldest_since_ms)
            positions.assign(topic, index, b'"timestamp":%d' % at_ms)
    for topic in topics:
        positions.start_index.setdefault(topic, latest)
    return positions


def _index(source: Source, at_ms: int, *, latest: int, oldest_ms: int | None) -> int:
    if oldest_ms is not None and at_ms < oldest_ms:
        return latest
    return source.index_at(at_ms)


def _parse_id(text: str) -> list[tuple[str, int, bool]]:
    try:
        entries = orjson.loads(text)
        rows = []
        for entry in entries:
            is_offset = "offset" in entry
            number = entry["offset" if is_offset else "timestamp"]
            if not isinstance(number, int):
                raise TypeError(f"position {number!r}")
            rows.append((str(entry["topic"]), number, is_offset))
        return rows
    except (TypeError, KeyError, orjson.JSONDecodeError) as error:
        raise BadPosition(f"Last-Event-ID is not a list of positions: {error}") from error


def _parse_since(text: str) -> int:
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadPosition(f"since is neither milliseconds nor a date: {text!r}") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
