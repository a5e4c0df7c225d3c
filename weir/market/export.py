"""What the marketplace knows, for other programs: the catalogue of now, or the archive.

The catalogue holds what is listed and not banned at this moment. The archive is history: what was
allowed then may be banned today.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from weir.errors import SettingError
from weir.market.archive import folder_of
from weir.market.archive_manifest import load
from weir.market.archive_rows import SCHEMA
from weir.ops.lease import Pg
from weir.settings import Settings

What = Literal["catalogue", "products", "events"]
Row = dict[str, Any]

COLUMNS: Final = (
    *("product_id", "sku", "shop", "name", "description", "category", "brand", "price"),
    *("currency", "stock", "tags", "attributes", "images", "created_at", "updated_at"),
)
CATALOGUE: Final = f"""
    with listed as materialized (
      select {", ".join(COLUMNS)} from market.product where state = 'listed'
    )
    select * from listed where product_id not in (
      select product_id from market.banned_among(
        (select array_agg(product_id order by product_id) from listed),
        (select array_agg(sku order by product_id) from listed)))
    order by product_id
"""
ROWS: Final = 10_000
TEXT: Final = pa.string()
CATALOGUE_SCHEMA: Final = pa.schema(
    [
        *(pa.field(name, TEXT) for name in COLUMNS[:7]),
        pa.field("price", pa.decimal128(14, 2)),
        pa.field("currency", TEXT),
        pa.field("stock", pa.int32()),
        pa.field("tags", pa.list_(TEXT)),
        pa.field("attributes", TEXT),  # any JSON object
        pa.field("images", pa.list_(TEXT)),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("updated_at", pa.timestamp("us", tz="UTC")),
    ]
)


def schema_of(what: What) -> pa.Schema:
    """The columns, in order."""
    return CATALOGUE_SCHEMA if what == "catalogue" else SCHEMA


def catalogue(connection: Pg) -> Iterator[Row]:
    """Every product that may be shown now, in one snapshot, without holding all in memory."""
    with connection.transaction(), connection.cursor(name="export") as cursor:
        cursor.itersize = ROWS
        cursor.execute(CATALOGUE)
        for row in cursor:
            yield dict(zip(COLUMNS, row, strict=True))


def archived(settings: Settings, what: What, day: date | None = None) -> Iterator[Row]:
    """The rows of a dataset, of one day or of all, oldest first."""
    folder = folder_of(settings)
    for file in sorted(load(folder).files, key=lambda file: (file.date, file.path)):
        if file.dataset == what and day in (None, date.fromisoformat(file.date)):
            for batch in pq.ParquetFile(folder / file.path).iter_batches(ROWS):
                yield from batch.to_pylist()


def write_json(rows: Iterable[Row], out: TextIO) -> int:
    """One JSON object per line; how many."""
    number = 0
    for row in rows:
        number += 1
        out.write(json.dumps(row, ensure_ascii=False, default=_text) + "\n")
    return number


def write_csv(rows: Iterable[Row], out: TextIO, schema: pa.Schema) -> int:
    """A header and one line per row; lists and objects as JSON; how many rows."""
    writer = csv.writer(out)
    writer.writerow(schema.names)
    number = 0
    for row in rows:
        number += 1
        writer.writerow([_cell(row[name]) for name in schema.names])
    return number


def write_parquet(rows: Iterable[Row], file: Path, schema: pa.Schema) -> int:
    """One Parquet file, complete or absent; how many rows. Raises SettingError."""
    if not file.parent.is_dir():
        raise SettingError(f"{file.parent} is no folder")
    hidden = file.with_name(f".{file.name}.writing")
    number = 0
    with pq.ParquetWriter(hidden, schema, compression="zstd") as writer:
        batch: list[Row] = []
        for row in rows:
            number += 1
            batch.append(_arrow(row))
            if len(batch) == ROWS:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
    hidden.replace(file)
    return number


def _arrow(row: Row) -> Row:
    found = row.get("attributes")
    if isinstance(found, dict):
        return row | {"attributes": json.dumps(found, ensure_ascii=False)}
    return row


def _cell(value: object) -> object:
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return _text(value) if isinstance(value, datetime) else value


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
