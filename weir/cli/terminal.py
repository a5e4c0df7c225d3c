"""Bytes from outside as text that cannot steer a terminal."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from weir.kafka.record import Headers, Message


def printable(value: bytes | str | None, max_chars: int | None = None) -> str:
    """One line: control characters and bytes that are no UTF-8 are spelled out as escapes."""
    if value is None:
        return "-"
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    if max_chars is not None and len(text) > max_chars:
        text = text[:max_chars] + "…"
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


def json_bytes(value: bytes | None) -> str | dict[str, str] | None:
    """Text where the bytes are UTF-8, else {"base64": ...}: nothing is lost in JSON."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def message_line(message: Message) -> str:
    """One message as one line: partition/offset, time, key, value, headers."""
    time = "-" if message.timestamp_ms is None else _iso(message.timestamp_ms)
    headers = " ".join(f"{printable(n)}={printable(v)}" for n, v in message.headers)
    place = f"{message.partition}/{message.offset}"
    line = f"{place} {time} {printable(message.key)} {printable(message.value)}"
    return f"{line} [{headers}]" if headers else line


def message_object(message: Message) -> dict[str, object]:
    """One message for `--json`."""
    return {
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "timestamp_ms": message.timestamp_ms,
        "key": json_bytes(message.key),
        "value": json_bytes(message.value),
        "headers": headers_object(message.headers),
    }


def headers_object(headers: Headers) -> list[list[object]]:
    """Headers as [name, value] pairs: a name may come twice."""
    return [[name, json_bytes(value)] for name, value in headers]


def _iso(timestamp_ms: int) -> str:
    """UTC time; a time stamp that no calendar holds stays a number."""
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return str(timestamp_ms)
