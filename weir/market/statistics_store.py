"""`market.product_minute`: facts added up per product, minute and currency.

Grain: one row per (window_start, product_id, currency). Adding is part of a transaction that has
taken the facts as new (`count_once`); replacing sets whole hours anew.
"""

from __future__ import annotations

import io
from typing import Final

import pyarrow as pa
import pyarrow.csv

from weir.market.facts import FACTS
from weir.ops.lease import Pg
from weir.ops.window import TimeWindow

COUNTS: Final = ("allowed", "blocked", "deleted", "retracted", "readmitted")
NEWEST: Final = ("sku", "shop", "category", "brand", "price", "version_us", "version_offset")

CREATE: Final = """
    create temp table if not exists market_stage (
      change text not null, product_id text collate "C" not null, minute bigint not null,
      currency text collate "C" not null, sku text not null, shop text not null,
      category text not null, brand text not null, price numeric(14, 2),
      version_us bigint not null, version_offset bigint not null
    ) on commit delete rows
"""
COPIED: Final = (
    *("change", "product_id", "minute", "currency", "sku", "shop", "category", "brand"),
    *("price", "version_us", "src_offset"),
)
COPY: Final = """
    copy market_stage (change, product_id, minute, currency, sku, shop, category, brand, price,
                       version_us, version_offset) from stdin (format csv)
"""
# Ordered by the key, so that two writers can wait for each other but never deadlock.
MERGE: Final = """
    with ranked as (
      select *, row_number() over (
        partition by minute, product_id, currency order by version_us desc, version_offset desc
      ) as place from market_stage
    )
    insert into market.product_minute as t (
      window_start, product_id, currency, sku, shop, category, brand, price, version_us,
      version_offset, allowed, blocked, deleted, retracted, readmitted, price_min, price_max,
      price_sum)
    select to_timestamp(minute), product_id, currency,
      max(sku) filter (where place = 1), max(shop) filter (where place = 1),
      max(category) filter (where place = 1), max(brand) filter (where place = 1),
      max(price) filter (where place = 1), max(version_us) filter (where place = 1),
      max(version_offset) filter (where place = 1),
      count(*) filter (where change = 'allowed'), count(*) filter (where change = 'blocked'),
      count(*) filter (where change = 'deleted'), count(*) filter (where change = 'retracted'),
      count(*) filter (where change = 'readmitted'),
      min(price) filter (where change = 'allowed'), max(price) filter (where change = 'allowed'),
      coalesce(sum(price) filter (where change = 'allowed'), 0)
    from ranked group by minute, product_id, currency order by minute, product_id, currency
    on conflict (window_start, product_id, currency) do update set
"""
LATER: Final = "(excluded.version_us, excluded.version_offset) >= (t.version_us, t.version_offset)"
ON_CONFLICT: Final = ", ".join(
    [
        *(f"{name} = t.{name} + excluded.{name}" for name in (*COUNTS, "price_sum")),
        "price_min = least(t.price_min, excluded.price_min)",
        "price_max = greatest(t.price_max, excluded.price_max)",
        *(f"{n} = case when {LATER} then excluded.{n} else t.{n} end" for n in NEWEST),
    ]
)


def prepare(connection: Pg) -> None:
    """Make this connection's stage. Outside any transaction."""
    connection.execute(CREATE)


def add(connection: Pg, facts: pa.Table) -> int:
    """Add new facts to their rows; how many rows were touched. Inside a transaction."""
    body = io.BytesIO()
    columns = facts.select(list(COPIED))
    pyarrow.csv.write_csv(columns, body, pyarrow.csv.WriteOptions(include_header=False))
    with connection.cursor() as cursor:
        cursor.execute("truncate market_stage")
        with cursor.copy(COPY) as copy:
            copy.write(body.getbuffer())
        cursor.execute((MERGE + ON_CONFLICT).encode())
        return cursor.rowcount


def count_messages(connection: Pg, window: TimeWindow) -> int:
    """How many decisions and changes the window's rows hold."""
    row = connection.execute(
        "select coalesce(sum(allowed + blocked + deleted + retracted + readmitted), 0)::bigint"
        " from market.product_minute where window_start >= %s and window_start < %s",
        [window.start, window.end],
    ).fetchone()
    return int(row[0]) if row else 0


def replace(connection: Pg, window: TimeWindow, facts: pa.Table) -> int:
    """The window's rows are these facts and nothing else; how many rows. Inside a transaction."""
    connection.execute(
        "delete from market.product_minute where window_start >= %s and window_start < %s",
        [window.start, window.end],
    )
    return add(connection, facts)


def empty_facts() -> pa.Table:
    """No fact at all."""
    return FACTS.empty_table()
