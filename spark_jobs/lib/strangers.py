"""Somebody else's records in the topics of the market's filter: a person looks first."""

from __future__ import annotations

from typing import Final

from weir.errors import ContractError
from weir.ops.streams import StreamSpec

BRAKE_ROWS: Final = 1000


def brake(spec: StreamSpec, rows: int, refused: int) -> None:
    """Raises ContractError before more than a share of a large batch goes to the dead letters."""
    limit = spec.max_refusal_share
    if rows > BRAKE_ROWS and refused > limit * rows:
        raise ContractError(
            f"{refused} of {rows} records are not what the filter writes, more than"
            f" max_refusal_share {limit}; nothing of this batch was kept",
            "weir topics tail filtered-products shows the newest; who else writes there?"
            f" Afterwards: weir streams start {spec.name}",
        )
