"""One row per message of the filter: what the statistics and the archive need to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weir.market.counted_set import Chunk, Source, chunks_of, mark, places_of
from weir.market.filtered import Change

VERDICTS: Final[Mapping[str, str]] = {
    Change.ALLOWED: "passed",
    Change.DELETED: "passed",
    Change.BLOCKED: "blocked",
}
"""Decisions about a message of a shop. The other changes are about a product that was decided."""

FACTS: Final = pa.schema(
    [
        pa.field("change", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("minute", pa.int64(), nullable=False),  # first second (unix) of the minute
        pa.field("currency", pa.string(), nullable=False),
        pa.field("sku", pa.string(), nullable=False),
        pa.field("shop", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("brand", pa.string(), nullable=False),
        pa.field("price", pa.string()),
        pa.field("version_us", pa.int64(), nullable=False),
        pa.field("ban_version", pa.int64(), nullable=False),
        pa.field("src_topic", pa.string(), nullable=False),
        pa.field("src_partition", pa.int64(), nullable=False),
        pa.field("src_offset", pa.int64(), nullable=False),
    ]
)
"""Texts that a message does not have are empty; a price that it does not have is null."""

ChangeKey = tuple[str, str, int, str, int, int]
"""(product_id, change, ban_version, src_topic, src_partition, src_offset)."""


def verdict_of(change: str) -> str:
    """The word under which the source's offset is marked; empty for the other changes."""
    return VERDICTS.get(change, "")


def numbers(facts: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """A column of whole numbers."""
    found: npt.NDArray[np.int64] = facts[name].to_numpy().astype(np.int64)
    return found


def decided(facts: pa.Table) -> dict[Source, npt.NDArray[np.intp]]:
    """Rows of decisions about messages, by source."""
    verdicts = [verdict_of(change) for change in facts["change"].to_pylist()]
    found = places_of(
        verdicts,
        facts["src_topic"].to_pylist(),
        facts["src_partition"].to_pylist(),
    )
    return {source: rows for source, rows in found.items() if source.verdict}


def changed(facts: pa.Table) -> dict[ChangeKey, int]:
    """Retractions and re-admissions: each key once, with the first row that has it."""
    rows: dict[ChangeKey, int] = {}
    changes = facts["change"].to_pylist()
    wanted = [row for row, change in enumerate(changes) if not verdict_of(change)]
    for row, fact in zip(wanted, facts.take(pa.array(wanted, pa.int64())).to_pylist(), strict=True):
        rows.setdefault(change_key(fact), row)
    return rows


def mark_decided(
    facts: pa.Table, bits: Mapping[Chunk, bytes]
) -> tuple[npt.NDArray[np.bool_], dict[Chunk, bytes]]:
    """Which rows are decisions that `bits` does not hold, each once; the chunks as they are then.

    Rows of other changes are never among them.
    """
    offsets = numbers(facts, "src_offset")
    fresh = np.zeros(len(facts), dtype=np.bool_)
    marked: dict[Chunk, bytes] = {}
    for source, rows in sorted(decided(facts).items()):
        new, chunks = mark(bits, source, offsets[rows])
        fresh[rows[new]] = True
        marked |= chunks
    return fresh, marked


def touched(facts: pa.Table) -> list[Chunk]:
    """The chunks that hold the sources of these facts."""
    offsets = numbers(facts, "src_offset")
    return chunks_of({source: offsets[rows] for source, rows in decided(facts).items()})


def distinct(facts: pa.Table) -> tuple[pa.Table, dict[Chunk, bytes], list[ChangeKey]]:
    """Each fact once, with all that it takes to know them again."""
    fresh, marked = mark_decided(facts, {})
    changes = changed(facts)
    fresh[list(changes.values())] = True
    return facts.filter(pa.array(fresh)), marked, list(changes)


def change_key(fact: Mapping[str, Any]) -> ChangeKey:
    """What makes a retraction or a re-admission one and the same."""
    return (
        fact["product_id"],
        fact["change"],
        fact["ban_version"],
        fact["src_topic"],
        fact["src_partition"],
        fact["src_offset"],
    )
