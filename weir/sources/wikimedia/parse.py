"""One SSE event in, one of three things out: an event to publish, a canary, or a refusal.

The collector needs only `meta.id` (the dedupe key). Everything else is the stream's to judge,
so an event without a domain is published, unkeyed. The value stays the original bytes.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any, NamedTuple

import orjson

FUTURE_MS = 30 * 60 * 1000
"""Source times further ahead are not believed (Kafka itself refuses an hour)."""

PAST_MS = 6 * 24 * 3600 * 1000
"""Older records are stamped with the present, or the topic's retention would delete them unread."""

ID_MAX_CHARS = 256
TOPIC_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")


class Place(NamedTuple):
    """A partition of the source's own Kafka."""

    topic: str
    partition: int


class Event(NamedTuple):
    """One event with an id. `place` and `after_ms` are set when its id names its own topic."""

    id: str
    topic: str  # meta.topic; empty when unknown
    domain: str | None
    is_canary: bool
    place: Place | None
    after_ms: int  # a reader that resumes here gets what comes next in `place`
    timestamp_ms: int  # of the record in our topic


class Refusal(NamedTuple):
    """Data that cannot be published, and why. The SHA-256 stands in for the missing id."""

    reason: str
    sha256: str


def parse_event(marker: str, data: bytes, now_ms: int) -> Event | Refusal:
    """Judge the data of one SSE message whose id line is `marker`."""
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return refuse(f"not JSON: {error}", data)
    if not isinstance(event, dict):
        return refuse(f"not a JSON object but {_kind(event)}", data)
    meta = event.get("meta")
    if not isinstance(meta, dict):
        return refuse("no meta", data)
    name = meta.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= ID_MAX_CHARS:
        return refuse("no meta.id" if name is None else "meta.id is not a short text", data)
    domain, topic = meta.get("domain"), meta.get("topic")
    place, after_ms = _own_position(marker, topic, now_ms)
    at_ms = after_ms - 1 if place else _milliseconds(meta.get("dt"), now_ms)
    return Event(
        id=name,
        topic=topic if isinstance(topic, str) else "",
        domain=domain if isinstance(domain, str) else None,
        is_canary=domain == "canary",
        place=place,
        after_ms=after_ms,
        timestamp_ms=at_ms if now_ms - PAST_MS < at_ms <= now_ms + FUTURE_MS else now_ms,
    )


def parse_positions(marker: str) -> dict[Place, int | None]:
    """Every topic that an id names, with its time stamp; None is "not seen yet" (offset -1)."""
    try:
        rows = orjson.loads(marker)
    except orjson.JSONDecodeError:
        return {}
    found: dict[Place, int | None] = {}
    for row in rows if isinstance(rows, list) else ():
        place = _place(row)
        if place is not None:
            at_ms = row.get("timestamp")
            found[place] = at_ms if type(at_ms) is int else None
    return found


def refuse(reason: str, data: bytes) -> Refusal:
    """A refusal with the identity of the data."""
    return Refusal(reason, hashlib.sha256(data).hexdigest())


def _own_position(marker: str, topic: object, now_ms: int) -> tuple[Place | None, int]:
    """The position in `marker` of the topic that the event itself came from."""
    if isinstance(topic, str):
        for place, after_ms in parse_positions(marker).items():
            if place.topic == topic and after_ms and 0 < after_ms <= now_ms + FUTURE_MS:
                return place, after_ms
    return None, 0


def _place(row: Any) -> Place | None:
    if not isinstance(row, dict):
        return None
    topic, partition = row.get("topic"), row.get("partition")
    if not isinstance(topic, str) or type(partition) is not int:
        return None
    if not TOPIC_NAME.fullmatch(topic):
        return None
    return Place(topic, partition)


def _milliseconds(text: object, fallback_ms: int) -> int:
    """Unix milliseconds of an ISO time with a zone; the fallback for everything else."""
    if not isinstance(text, str):
        return fallback_ms
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.timestamp() * 1000) if moment.tzinfo else fallback_ms
    except (ValueError, OverflowError):
        return fallback_ms


def _kind(value: object) -> str:
    return {type(None): "null", list: "an array", str: "a text"}.get(type(value), "a number")
