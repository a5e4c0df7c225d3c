"""Records of the filter written by hand, and a catalogue on PostgreSQL that takes them in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from tests.support.bad_products import GOOD
from weir.contracts.product import Product, parse_product
from weir.market.catalogue import Entry, entry_of, newest
from weir.market.catalogue_commit import QUERY, STREAM, Batch, commit
from weir.market.catalogue_store import prepare
from weir.market.filtered import (
    EVENTS,
    PRODUCTS,
    Change,
    Mark,
    Source,
    Version,
    event_json,
    headers_of,
)
from weir.ops import lease
from weir.settings import Settings
from weir.store.postgres import connect

TABLES = (
    "market.product, market.search_document, market.search_word, market.search_trigram,"
    " ops.query_offset, ops.dead_letter, ops.stream_progress, ops.stream, ops.stream_lease"
)


class Said(NamedTuple):
    """One record of the filter."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def offer(product_id: str = "p1", **changed: object) -> bytes:
    """A shop's record."""
    return orjson.dumps(GOOD | {"product_id": product_id, "sku": f"SKU-{product_id}"} | changed)


def said(
    change: Change, value: bytes | None, *, at: int = 1, offset: int | None = None, **more: Any
) -> Said:
    """A record about a product's version: `at` is its time in microseconds.

    more: product (its id, where there is no value), ban (version), epoch, topic.
    """
    product_id = more.get("product") or orjson.loads(value or b"{}")["product_id"]
    source = Source("shop-products", 2, at if offset is None else offset)
    version = Version(at, source.offset, more.get("ban", 1), more.get("epoch", 1))
    events = change in (Change.BLOCKED, Change.RETRACTED)
    topic = more.get("topic") or (EVENTS if events else PRODUCTS)
    body = value
    if topic == EVENTS:
        body = event_json(
            change=change,
            product_id=product_id,
            sku=None,
            shop=None,
            rule=("product", product_id, 1),
            reason="why",
            product=None if value is None else value.decode(),
        )
    return Said(topic, product_id.encode(), body, headers_of(Mark(change, source, version)))


def entries(*records: Said) -> list[Entry]:
    """Each as it is read; all of them must be readable and told in full."""
    found = [entry_of(*record) for record in records]
    assert all(isinstance(entry, Entry) for entry in found), found
    return [entry for entry in found if isinstance(entry, Entry)]


def product_of(value: bytes) -> Product:
    """The shop's record as a product."""
    found = parse_product(value, str(orjson.loads(value)["product_id"]).encode())
    assert isinstance(found, Product)
    return found


class Catalogue:
    """The stream's transaction without Spark: batch after batch of hand-written records."""

    def __init__(self, settings: Settings) -> None:
        self.pg = connect(settings.dsn_file, application_name="test")
        self.pg.execute(f"truncate {TABLES} cascade")  # type: ignore[arg-type]
        prepare(self.pg)
        lease.ensure_stream(self.pg, STREAM)
        self.pg.execute(
            "update ops.stream_lease set epoch = 1, owner = 'me', token = 't' where stream = %s",
            [STREAM],
        )
        self.offset = 0
        for topic in (PRODUCTS, EVENTS):
            self.pg.execute(
                "insert into ops.query_offset (stream, query, topic, partition, next_offset)"
                " values (%s, %s, %s, 0, 0)",
                [STREAM, QUERY, topic],
            )

    def take(self, *records: Said, epoch: int = 1, again: bool = False) -> int | None:
        """One batch; how many products changed. `again`: the batch before, replayed."""
        begin = self.offset - 1 if again else self.offset
        self.offset = begin + 1
        return commit(self.pg, batch(records, begin, epoch))

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        return self.pg.execute(
            f"select {columns} from market.product order by product_id"  # type: ignore[arg-type]
        ).fetchall()

    def found(self) -> list[str]:
        """The ids that the search may find."""
        rows = self.pg.execute("select product_id from market.search_document order by 1")
        return [row[0] for row in rows.fetchall()]


def batch(records: Iterable[Said], begin: int, epoch: int) -> Batch:
    """A batch of one offset in each topic."""
    return Batch(
        stream=STREAM,
        epoch=epoch,
        batch_id=begin,
        begins={topic: {0: begin} for topic in (PRODUCTS, EVENTS)},
        ends={topic: {0: begin + 1} for topic in (PRODUCTS, EVENTS)},
        entries=newest(entries(*records)),
        rows=1,
        refused=0,
        began=0.0,
    )
