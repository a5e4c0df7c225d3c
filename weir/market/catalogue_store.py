"""Merges entries into `market.product`: the newest version of each product wins.

Grain: one row per product. Merging the same or older entries again changes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import orjson
import pyarrow as pa
import pyarrow.csv

from weir.market.catalogue import Entry
from weir.ops.lease import Pg

STAGE: Final = """
    create temp table if not exists catalogue_stage (
      product_id text, state text, sku text, shop text, name text, description text, category text,
      brand text, price numeric, currency text, stock int, tags text[], attributes jsonb,
      images text[], created_at timestamptz, updated_at_us bigint, src_partition int,
      src_offset bigint, ban_version bigint, epoch bigint, payload text
    ) on commit delete rows
"""
SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("product_id", "state", "sku", "shop", "name")),
        *((name, pa.string()) for name in ("description", "category", "brand", "price")),
        ("currency", pa.string()),
        ("stock", pa.int32()),
        *((name, pa.string()) for name in ("tags", "attributes", "images", "created_at")),
        ("updated_at_us", pa.int64()),
        ("src_partition", pa.int32()),
        *((name, pa.int64()) for name in ("src_offset", "ban_version", "epoch")),
        ("payload", pa.string()),
    ]
)
COPY: Final = f"copy catalogue_stage ({', '.join(SCHEMA.names)}) from stdin (format csv)"

_VERSION: Final = ("updated_at", "src_partition", "src_offset", "ban_version", "epoch")
_VERSION_OF_STAGE: Final = (
    "timestamptz 'epoch' + updated_at_us * interval '1 microsecond',"
    " src_partition, src_offset, ban_version, epoch"
)
_OFFER: Final = (
    *("sku", "shop", "name", "description", "category", "brand", "price", "currency", "stock"),
    *("tags", "attributes", "images", "created_at", "payload"),
)
_NEWER: Final = (
    "(excluded.updated_at, excluded.src_offset, excluded.ban_version, excluded.epoch)"
    " > (p.updated_at, p.src_offset, p.ban_version, p.epoch)"
)


def _taken(*columns: str) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns)


# What is gone keeps the words it had: people ask what it was.
MERGE: Final = f"""
    with offered as (
      insert into market.product as p
        (product_id, state, {", ".join(_OFFER)}, {", ".join(_VERSION)})
      select product_id, state, {", ".join(_OFFER)}, {_VERSION_OF_STAGE}
      from catalogue_stage where state <> 'gone' order by product_id
      on conflict (product_id) do update
        set state = excluded.state, {_taken(*_OFFER, *_VERSION)}, changed_at = clock_timestamp()
        where {_NEWER}
      returning p.product_id
    ), gone as (
      insert into market.product as p (product_id, state, {", ".join(_VERSION)})
      select product_id, state, {_VERSION_OF_STAGE}
      from catalogue_stage where state = 'gone' order by product_id
      on conflict (product_id) do update
        set state = 'gone', payload = null, {_taken(*_VERSION)}, changed_at = clock_timestamp()
        where {_NEWER}
      returning p.product_id
    )
    select product_id from offered union all select product_id from gone
"""
REFRESH_SEARCH: Final = "select market.refresh_search(%s)"


def prepare(connection: Pg) -> None:
    """Make this connection's stage. Outside any transaction."""
    connection.execute(STAGE)


def merge(connection: Pg, entries: Sequence[Entry]) -> list[str]:
    """The ids of the products that changed; inside a transaction. Each product at most once.

    The search follows in the same transaction: nothing is found that is not listed.
    """
    if not entries:
        return []
    body = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False)
    pyarrow.csv.write_csv(_staged(entries), body, options)
    with connection.cursor() as cursor:
        with cursor.copy(COPY) as copy:
            copy.write(body.getbuffer())
        changed = [row[0] for row in cursor.execute(MERGE).fetchall()]
        if changed:
            cursor.execute(REFRESH_SEARCH, [changed])
    return changed


def _staged(entries: Sequence[Entry]) -> pa.Table:
    return pa.Table.from_pylist([_row(entry) for entry in entries], schema=SCHEMA)


def _row(entry: Entry) -> dict[str, object]:
    version, product = entry.version, entry.product
    row: dict[str, object] = {
        "product_id": entry.product_id,
        "state": entry.state.value,
        "updated_at_us": version.updated_at_us,
        "src_partition": entry.source.partition,
        "src_offset": version.src_offset,
        "ban_version": version.ban_version,
        "epoch": version.epoch,
    }
    if product is None:
        return row
    return row | {
        "sku": product.sku,
        "shop": product.shop,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        "brand": product.brand,
        "price": str(product.price),
        "currency": product.currency,
        "stock": product.stock,
        "tags": _array(product.tags),
        "attributes": orjson.dumps(product.attributes).decode(),
        "images": _array(product.images),
        "created_at": product.created_at and product.created_at.isoformat(),
        "payload": entry.payload and entry.payload.decode(),
    }


def _array(items: Sequence[str]) -> str:
    """An array as PostgreSQL writes it."""
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"
