"""From messages of the filter to rows of the archive, each message of a shop once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson
import pyarrow as pa

from weir.kafka.record import Message
from weir.market.counted_set import SeenOffsets
from weir.market.filtered import EVENTS, PRODUCTS, Change, Mark, read_mark

DATASETS: Final[Mapping[str, str]] = {PRODUCTS: "products", EVENTS: "events"}

# What the tombstones of blocked and retracted products say, the events say with the product.
ARCHIVED: Final = {
    PRODUCTS: frozenset({Change.ALLOWED, Change.DELETED, Change.READMITTED}),
    EVENTS: frozenset({Change.BLOCKED, Change.RETRACTED, Change.READMITTED}),
}
TEXTS: Final = ("sku", "shop", "name", "category", "brand", "currency")
CENT: Final = Decimal("0.01")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

SCHEMA: Final = pa.schema(
    [
        pa.field("change", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in TEXTS),
        pa.field("price", pa.decimal128(14, 2)),
        pa.field("updated_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("written_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("ban_version", pa.int64(), nullable=False),
        pa.field("epoch", pa.int64(), nullable=False),
        pa.field("src_topic", pa.string(), nullable=False),
        pa.field("src_partition", pa.int32(), nullable=False),
        pa.field("src_offset", pa.int64(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("payload", pa.string()),
    ]
)
"""updated_at: from when the version counts; written_at: when the filter said so; payload: the
message as it was. Grain: one row per (change, source message), of retractions also per version of
the ban list."""

KEY: Final = ("change", "product_id", "ban_version", "src_topic", "src_partition", "src_offset")
DECIDED: Final = frozenset({Change.ALLOWED, Change.DELETED, Change.BLOCKED})


class Seen:
    """Which rows of one dataset are archived: each decision about a message, each change after."""

    def __init__(self) -> None:
        self._decided = SeenOffsets()
        self._changes: set[tuple[Any, ...]] = set()

    def add(self, key: tuple[Any, ...]) -> bool:
        """Whether the row with this KEY is new; it is known then."""
        if key[0] in DECIDED:
            return self._decided.add(*key[3:])
        new = key not in self._changes
        self._changes.add(key)
        return new

    def new(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of the rows that were not seen before."""
        return [row for row in rows if self.add(tuple(row[name] for name in KEY))]


def rows_of(messages: Iterable[Message]) -> tuple[list[dict[str, Any]], int]:
    """Rows of the messages that are archived, and how many messages were not the filter's."""
    rows: list[dict[str, Any]] = []
    foreign = 0
    for message in messages:
        mark = read_mark(message.headers)
        if mark is None or message.key is None:
            foreign += 1
        elif mark.change in ARCHIVED[message.topic]:
            row = row_of(message, mark)
            foreign += row is None
            rows += [row] if row is not None else []
    return rows, foreign


def row_of(message: Message, mark: Mark) -> dict[str, Any] | None:
    """One row; None when the value is not what the filter writes."""
    body: dict[str, Any] = {}
    try:
        product_id = (message.key or b"").decode()
        payload = None if message.value is None else message.value.decode()
        if message.value is not None:
            body = orjson.loads(message.value)
        product = body.get("product") or {} if message.topic == EVENTS else body
        texts = {name: product.get(name) for name in TEXTS}
    except (ValueError, AttributeError):
        return None
    if message.topic == EVENTS:
        texts |= {name: texts[name] or body.get(name) for name in ("sku", "shop")}
    return {
        "change": mark.change.value,
        "product_id": product_id,
        **{name: None if text is None else str(text) for name, text in texts.items()},
        "price": price_of(product.get("price")),
        "updated_at": EPOCH + timedelta(microseconds=mark.version.updated_at_us),
        "written_at": EPOCH + timedelta(milliseconds=message.timestamp_ms or 0),
        "reason": body.get("reason") if message.topic == EVENTS else None,
        "ban_version": mark.version.ban_version,
        "epoch": mark.version.epoch,
        "src_topic": mark.source.topic,
        "src_partition": mark.source.partition,
        "src_offset": mark.source.offset,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "payload": payload,
    }


def price_of(value: object) -> Decimal | None:
    """The price as the contract has it: a text or a number with at most two decimals."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value)).quantize(CENT)
    except InvalidOperation:
        return None
    return found if abs(found) < 10**12 else None


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as they are written."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)
