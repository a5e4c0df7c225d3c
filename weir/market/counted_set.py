"""Which messages of a source are counted already: a bit per offset, in chunks. Pure.

Who writes at least once may write one message at two offsets. The source's own offset, which its
outputs carry, is the message's name; a set of those makes counting exact, whatever the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

CHUNK: Final = 8192
"""Offsets per chunk: 1 KB of bits."""

EMPTY: Final = bytes(CHUNK // 8)


class Chunk(NamedTuple):
    """The offsets from number * CHUNK on of one partition, under one verdict."""

    verdict: str
    topic: str
    partition: int
    number: int


class Source(NamedTuple):
    """One partition of a source, under one verdict."""

    verdict: str
    topic: str
    partition: int


Places = Mapping[Source, npt.NDArray[np.int64]]
"""Offsets, in any order and with repetitions."""


def chunks_of(places: Places) -> list[Chunk]:
    """The chunks that these offsets touch, in order."""
    return sorted(
        Chunk(*source, int(number))
        for source, offsets in places.items()
        for number in np.unique(offsets // CHUNK)
    )


def mark(
    bits: Mapping[Chunk, bytes], source: Source, offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], dict[Chunk, bytes]]:
    """Which of the offsets are new (the first of equal ones), and the chunks as they are then."""
    fresh = np.zeros(len(offsets), dtype=np.bool_)
    unique, first = np.unique(offsets, return_index=True)
    changed: dict[Chunk, bytes] = {}
    for number in np.unique(unique // CHUNK):
        chunk = Chunk(*source, int(number))
        here = unique // CHUNK == number
        places = unique[here] - int(number) * CHUNK
        seen = np.unpackbits(np.frombuffer(bits.get(chunk, EMPTY), dtype=np.uint8))
        new = seen[places] == 0
        fresh[first[here][new]] = True
        if new.any():
            seen[places] = 1
            changed[chunk] = np.packbits(seen).tobytes()
    return fresh, changed


def united(first: bytes, second: bytes) -> bytes:
    """The bits of both chunks."""
    a, b = np.frombuffer(first, dtype=np.uint8), np.frombuffer(second, dtype=np.uint8)
    return np.bitwise_or(a, b).tobytes()


def places_of(
    verdicts: Sequence[str], topics: Sequence[str], partitions: Sequence[int]
) -> dict[Source, npt.NDArray[np.intp]]:
    """Row numbers per source, in order."""
    found: dict[Source, list[int]] = {}
    for row, source in enumerate(zip(verdicts, topics, partitions, strict=True)):
        found.setdefault(Source(*source), []).append(row)
    return {source: np.array(rows, dtype=np.intp) for source, rows in found.items()}


class SeenOffsets:
    """The same set in memory, asked one offset at a time."""

    def __init__(self) -> None:
        self._bits: dict[tuple[str, int, int], bytearray] = {}

    def add(self, topic: str, partition: int, offset: int) -> bool:
        """Whether the offset is new; it is known then."""
        number, place = divmod(offset, CHUNK)
        bits = self._bits.setdefault((topic, partition, number), bytearray(EMPTY))
        byte, bit = divmod(place, 8)
        if bits[byte] >> bit & 1:
            return False
        bits[byte] |= 1 << bit
        return True
