"""Statistics of the marketplace, read from `market.product_minute` under the ban list of now.

What is banned at the moment of reading is no offer: it is left out of `products`, `allowed` and
the prices, and as a row of its own; `banned_now` says how many. `blocked`, `retracted` and the
like say what the filter did, whatever is banned today.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from psycopg import sql

from weir.errors import SettingError
from weir.market.statistics_commit import QUERY, STREAM
from weir.ops.lease import Pg
from weir.ops.window import TimeWindow

MINUTE: Final = timedelta(minutes=1)
UNITS: Final = {"m": MINUTE, "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST: Final = timedelta(days=366)
WORDS: Final = "all, or a length such as 10m, 2h or 7d"
BANDS: Final = (1_000, 5_000, 10_000, 30_000, 50_000, 100_000)
"""Lower edges of the price bands but the first, in the product's own currency."""


class Level(StrEnum):
    """What a row is about."""

    TOTAL = "total"
    CATEGORY = "category"
    SHOP = "shop"
    BRAND = "brand"
    PRICE_BAND = "price-band"
    PRODUCT = "product"


@dataclass(frozen=True, kw_only=True)
class Question:
    """within: None means all time. each: split into windows of this length, aligned at 1970."""

    level: Level = Level.CATEGORY
    within: TimeWindow | None = None
    each: timedelta | None = None
    limit: int = 50
    include_banned: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One key (and currency, and window). Counts are messages, `products` are distinct ids."""

    key: str
    currency: str = field(metadata={"help": "Empty: only deletions of unknown products"})
    window_start: datetime | None
    products: int
    received: int
    allowed: int
    blocked: int
    deleted: int
    retracted: int
    readmitted: int
    price_min: Decimal | None
    price_avg: Decimal | None
    price_max: Decimal | None
    banned_now: int


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """counted_at: when the stream last moved on; None when it never ran."""

    question: Question
    counted_at: datetime | None
    rows: list[Row]


def band(number: int) -> str:
    """The name of a price band; `number` as PostgreSQL's width_bucket counts them."""
    if number == len(BANDS):
        return f"{BANDS[-1]} and more"
    return f"{BANDS[number - 1] if number else 0} to {BANDS[number]}"


KEYS: Final[dict[Level, sql.Composable]] = {
    Level.TOTAL: sql.SQL("'all'"),
    # A deletion names only its product: the catalogue may know the rest.
    Level.CATEGORY: sql.SQL("coalesce(nullif(m.category, ''), p.category, '')"),
    Level.SHOP: sql.SQL("coalesce(nullif(m.shop, ''), p.shop, '')"),
    Level.BRAND: sql.SQL("coalesce(nullif(m.brand, ''), p.brand, '')"),
    Level.PRICE_BAND: sql.SQL(
        "coalesce((array[{names}])["
        "width_bucket(coalesce(m.price, p.price), array[{edges}]::numeric[]) + 1], '')"
    ).format(
        names=sql.SQL(", ").join(sql.Literal(band(n)) for n in range(len(BANDS) + 1)),
        edges=sql.SQL(", ").join(map(sql.Literal, BANDS)),
    ),
    Level.PRODUCT: sql.SQL("m.product_id"),
}
# Counts of one product stay small integers: sums of wider ones are numeric and much slower.
READ: Final = """
with unnamed as materialized (
  select product_id, sku, shop, category, brand, price, currency from market.product
  where product_id in (select product_id from market.product_minute m {where_unnamed})
), per_product as materialized (
  select {key} as key, coalesce(nullif(m.currency, ''), p.currency, '') as currency,
    {starts} as starts, m.product_id, max(coalesce(nullif(m.sku, ''), p.sku)) as sku,
    sum(allowed)::int as allowed, sum(blocked)::int as blocked, sum(deleted)::int as deleted,
    sum(retracted)::int as retracted, sum(readmitted)::int as readmitted,
    min(price_min) as price_min, max(price_max) as price_max, sum(price_sum) as price_sum
  from market.product_minute m
  left join unnamed p on p.product_id = m.product_id and m.currency = ''
  {where}
  group by 1, 2, 3, 4
), banned as materialized (
  select product_id from market.banned_among(
    (select array_agg(product_id) from per_product where {hides}),
    (select array_agg(sku) from per_product where {hides}))
), seen as (
  select s.*, b.product_id is null as shown
  from per_product s left join banned b using (product_id)
)
select key, currency, starts,
  count(*) filter (where shown and allowed > 0),
  sum(allowed + blocked + deleted)::bigint,
  coalesce(sum(allowed) filter (where shown), 0)::bigint, sum(blocked)::bigint,
  sum(deleted)::bigint, sum(retracted)::bigint, sum(readmitted)::bigint,
  min(price_min) filter (where shown),
  round(sum(price_sum) filter (where shown) / nullif(sum(allowed) filter (where shown), 0), 2),
  max(price_max) filter (where shown),
  count(*) filter (where not shown)
from seen {only}
group by key, currency, starts
order by starts desc nulls last, 6 desc, 5 desc, key, currency
limit {limit}
"""
COUNTED_AT: Final = "select max(updated_at) from ops.query_offset where stream = %s and query = %s"


def fetch_statistics(connection: Pg, question: Question) -> Statistics:
    """The answer, by one statement: the counts and the live bans of one moment."""
    with connection.transaction():
        # A row per product of the window: with the default they are sorted on disk.
        connection.execute("set local work_mem = '64MB'")
        rows = connection.execute(build(question)).fetchall()
        counted = connection.execute(COUNTED_AT, [STREAM, QUERY]).fetchone()
    names = Row.__dataclass_fields__
    return Statistics(
        question=question,
        counted_at=counted[0] if counted else None,
        rows=[Row(**dict(zip(names, row, strict=True))) for row in rows],
    )


def build(question: Question) -> sql.Composed:
    """The statement of a question."""
    within, each = question.within, question.each
    inside: sql.Composable = sql.SQL("true")
    if within is not None:
        inside = sql.SQL("m.window_start >= {} and m.window_start < {}").format(
            sql.Literal(within.start), sql.Literal(within.end)
        )
    starts: sql.Composable = sql.SQL("null::timestamptz")
    if each is not None:
        starts = sql.SQL("date_bin({}, m.window_start, 'epoch'::timestamptz)").format(
            sql.Literal(each)
        )
    by_product = question.level is Level.PRODUCT
    return sql.SQL(READ).format(
        key=KEYS[question.level],
        starts=starts,
        where=sql.SQL("where {}").format(inside),
        where_unnamed=sql.SQL("where m.currency = '' and {}").format(inside),
        hides=sql.SQL(
            "false" if question.include_banned else "exists (select from market.live_bans())"
        ),
        only=sql.SQL("where shown" if by_product else ""),
        limit=sql.Literal(question.limit),
    )


def parse_within(text: str, now_utc: datetime) -> TimeWindow | None:
    """`10m`: this minute and the nine before it; `all`: None. Raises SettingError."""
    if text == "all":
        return None
    end = now_utc.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
    return TimeWindow(end - parse_length(text), end)


def parse_length(text: str) -> timedelta:
    """A length of time in whole minutes. Raises SettingError."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text)
    length = int(match[1]) * UNITS[match[2]] if match else None
    if length is None or length > LONGEST:
        raise SettingError(f"{text!r} is no window", f"give {WORDS}; at most {LONGEST.days}d")
    return length


def as_object(row: Row) -> dict[str, Any]:
    """For JSON and CSV: prices as texts, so that no reader rounds them."""
    found = {name: getattr(row, name) for name in Row.__dataclass_fields__}
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in found.items()
    }
