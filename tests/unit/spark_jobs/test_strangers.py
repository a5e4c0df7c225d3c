"""When a reader of the filter's topics stops instead of refusing."""

from __future__ import annotations

import pytest

from spark_jobs.lib.strangers import BRAKE_ROWS, brake
from weir.errors import ContractError
from weir.ops.streams import find_stream

SPEC = find_stream("market_catalogue").model_copy(update={"max_refusal_share": 0.1})


def test_a_large_batch_of_somebody_elses_records_stops_the_stream() -> None:
    """A person looks before they are dead letters; the words name the stream to start."""
    rows = BRAKE_ROWS + 10
    brake(SPEC, rows, rows // 10)
    with pytest.raises(ContractError, match="market_catalogue"):
        brake(SPEC, rows, rows // 10 + 1)


def test_a_small_batch_is_only_refused() -> None:
    """A slow topic would stop at its first bad record."""
    brake(SPEC, BRAKE_ROWS, BRAKE_ROWS)
