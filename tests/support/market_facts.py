"""Facts of the marketplace written by hand, and a database to count them in."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from weir.market.facts import FACTS
from weir.ops.lease import Pg

NOON = 1_800_000_000 - 1_800_000_000 % 60
TABLES = (
    "market.product_minute, market.counted_source, market.counted_change, market.archive_run,"
    " ops.query_offset, ops.dead_letter, ops.stream_progress"
)


def fact(
    product: str = "p1", offset: int = 0, change: str = "allowed", **more: Any
) -> dict[str, Any]:
    """One message; the names of `more` are the columns."""
    minute = more.pop("minute", NOON)
    blank = change == "deleted"
    return {
        "change": change,
        "product_id": product,
        "minute": minute,
        "currency": "" if blank else "RUB",
        "sku": "" if blank else f"SKU-{product}",
        "shop": "" if blank else "Север",
        "category": "" if blank else "Электроника",
        "brand": "" if blank else "Lumen",
        "price": None if blank else "100.00",
        "version_us": minute * 1_000_000 + offset,
        "ban_version": 1,
        "src_topic": "shop-products",
        "src_partition": 0,
        "src_offset": offset,
    } | more


def facts(*rows: dict[str, Any]) -> pa.Table:
    """The table of these facts."""
    return pa.Table.from_pylist(list(rows), schema=FACTS)


def empty(connection: Pg) -> None:
    """Nothing is counted."""
    connection.execute(f"truncate {TABLES} cascade")  # type: ignore[arg-type]
