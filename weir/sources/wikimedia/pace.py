"""When a sample event was: event `index` comes `index / rate` seconds after the beginning."""

from __future__ import annotations


def timestamp_ms(start_ms: int, rate: float, index: int) -> int:
    """Source time of event `index`, ms since 1970; never falls with the index."""
    return start_ms + int(index * 1000 / rate)


def index_at(start_ms: int, rate: float, moment_ms: int) -> int:
    """The first event at or after `moment_ms`."""
    index = max(0, int((moment_ms - start_ms) * rate / 1000) - 1)
    while timestamp_ms(start_ms, rate, index) < moment_ms:
        index += 1
    return index
