"""Recorded events from a JSONL file, sent once, unchanged, in place of generated ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson

from weir.errors import SettingError
from weir.sources.wikimedia import pace
from weir.sources.wikimedia.generator import DATACENTRES, STREAM


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The lines of a file, one per 1/rate second, beginning when the file was last changed.

    A beginning that does not move lets a client resume across server restarts.
    """

    lines: tuple[bytes, ...]
    topics: tuple[str, ...]
    start_ms: int
    rate: float

    def timestamp_ms(self, index: int) -> int:
        return pace.timestamp_ms(self.start_ms, self.rate, index)

    def index_at(self, timestamp_ms: int) -> int:
        return pace.index_at(self.start_ms, self.rate, timestamp_ms)

    def topic(self, index: int) -> str:
        return self.topics[index]

    def event(self, index: int) -> bytes:
        return self.lines[index]


def read_replay(path: Path, rate: float) -> Replay:
    """Read a recording. Its lines go out as they are, broken ones too. Raises SettingError."""
    try:
        lines = tuple(line for line in path.read_bytes().split(b"\n") if line.strip())
        start_ms = path.stat().st_mtime_ns // 1_000_000
    except OSError as error:
        raise SettingError(
            f"the recording {path} cannot be read: {error.strerror}",
            "set WEIR_WIKIMEDIA_SAMPLE_REPLAY to a JSONL file, or leave it empty",
        ) from error
    topics = tuple(_topic(line) for line in lines)
    return Replay(lines=lines, topics=topics, start_ms=start_ms, rate=rate)


def _topic(line: bytes) -> str:
    fallback = f"{DATACENTRES[0]}.{STREAM}"
    try:
        topic = orjson.loads(line)["meta"]["topic"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return fallback  # recordings may hold broken lines on purpose
    return topic if isinstance(topic, str) else fallback
