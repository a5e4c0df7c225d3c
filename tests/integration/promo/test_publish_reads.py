"""What the publisher reads to find the next chunks, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.promo import SealingStream
from weir.promo.publish import UNPUBLISHED

pytestmark = pytest.mark.platform

HISTORY = 3000


def test_finding_the_next_chunks_reads_nothing_of_the_history(stream: SealingStream) -> None:
    """It is asked after every batch, for years."""
    stream.pg.execute(
        """insert into ops.batch_ledger
             (stream, query, seq, generation, batch_id, epoch, offsets, n_rows, chunks)
           select 'promo', 'join', n, 1, n, 1, '{}', 1, 1 from generate_series(1, %s) n""",
        [HISTORY],
    )
    stream.pg.execute(
        """insert into promo.batch_chunk (stream, seq, chunk, n, digest)
           select 'promo', n, 1, 1, '' from generate_series(1, %s) n""",
        [HISTORY],
    )
    stream.pg.execute("analyze ops.batch_ledger, promo.batch_chunk")
    at = {"stream": "promo", "seq": HISTORY - 2, "chunk": 1}
    found = stream.pg.execute(UNPUBLISHED, at).fetchall()
    assert [row[0] for row in found] == [HISTORY - 1, HISTORY]
    row = stream.pg.execute(f"explain (analyze, format json) {UNPUBLISHED}", at).fetchone()
    assert row is not None
    read = {scan["Relation Name"]: rows_read(scan) for scan in scans_of(row[0][0]["Plan"])}
    assert set(read) == {"batch_ledger", "batch_chunk"}
    assert max(read.values()) <= 3, row[0]


def scans_of(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts of a plan that read a table."""
    if "Relation Name" in plan:
        yield plan
    for below in plan.get("Plans", ()):
        yield from scans_of(below)


def rows_read(scan: Mapping[str, Any]) -> float:
    """Rows that a scan took into its hand, used or not."""
    used, refused = scan["Actual Rows"], scan.get("Rows Removed by Filter", 0)
    return float(scan["Actual Loops"] * (used + refused))
