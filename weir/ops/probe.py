"""The synthetic message that measures the way from a topic to the answer. Pure.

It travels like any other (same topic, same parsing, same batch) and is not counted: the stream
knows it by its reserved key and writes how long it was on its way. Readers of ranges leave it out
(`weir.kafka.record.is_probe`).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from weir.kafka.record import PROBE_PREFIX

PREFIX = PROBE_PREFIX.decode()
PATTERN = rf"^{re.escape(PREFIX)}([a-z][a-z0-9_]*):([0-9]{{1,15}})$"
_KEY = re.compile(PATTERN)


def probe_key(stream: str, sent_ms: int) -> str:
    """The reserved key of a stream's probe that was sent at this unix time."""
    return f"{PREFIX}{stream}:{sent_ms}"


def probe_value(key: str, key_path: str, time_path: str, sent_ms: int) -> bytes:
    """A message that the stream can parse, with the reserved key where it looks for its key."""
    moment = datetime.fromtimestamp(sent_ms / 1000, UTC).isoformat(timespec="milliseconds")
    message: dict[str, Any] = {}
    for path, value in ((key_path, key), (time_path, moment)):
        *parents, name = path.split(".")
        branch = message
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = value
    return json.dumps(message).encode()


def sent_ms_of(stream: str, key: str) -> int | None:
    """When this probe of the stream was sent; None for a probe of another stream."""
    found = _KEY.match(key)
    return int(found[2]) if found and found[1] == stream else None
