"""Do the products in the catalogue follow the rules that changed? What is left, the filter mends.

A rule is settled when (1) the filter has finished a batch under a list that has its change, so that
whatever it writes from then on follows it; (2) the catalogue has read all that the filter had
written by then; (3) no product there contradicts the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

Pg = psycopg.Connection[Any]
Ends = Mapping[str, Mapping[int, int]]
"""topic -> partition -> next offset."""

CATALOGUE: Final = "market_catalogue"

# By a rule that changed, and by index: the whole catalogue is never read.
TOUCHED: Final = """
    select p.product_id from market.ban_unsettled u
    join market.product p on p.product_id = u.value
    where u.kind = 'product' and u.version <= %(version)s and p.state = '{state}'
    union
    select p.product_id from market.ban_unsettled u
    join market.product p on p.sku = u.value
    where u.kind = 'sku' and u.version <= %(version)s and p.state = '{state}'
    union
    select p.product_id from market.ban_unsettled u
    join market.product p on p.sku ~>=~ u.value and p.sku ~<~ (u.value || chr(1114111))
    where u.kind = 'sku_prefix' and u.version <= %(version)s and p.state = '{state}'
"""
FOUND: Final = """
    select p.product_id, p.sku, p.shop, p.payload, p.src_partition, p.src_offset,
           (extract(epoch from p.updated_at) * 1000000)::bigint as updated_at_us,
           b.ban_id, b.kind, b.value, b.reason
    from ({touched}) touched join market.product p using (product_id)
    cross join lateral market.is_banned(p.product_id, p.sku) as held (by_ban)
    left join market.ban b on b.ban_id = held.by_ban
    where held.by_ban is {held} and p.state = '{state}' and p.payload is not null
    limit %(limit)s
"""
BANNED: Final = FOUND.format(
    touched=TOUCHED.format(state="listed"), held="not null", state="listed"
)
FREE: Final = FOUND.format(touched=TOUCHED.format(state="blocked"), held="null", state="blocked")
READ: Final = """
    select topic, partition, min(next_offset) from ops.query_offset
    where stream = %s and topic = any(%s) group by topic, partition
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contradiction:
    """A product that the catalogue shows though it is banned, or hides though it is not.

    Of a banned one: its closest rule. `payload` is the shop's record as it was.
    """

    product_id: str
    sku: str
    shop: str
    payload: str
    src_partition: int
    src_offset: int
    updated_at_us: int
    ban_id: int | None
    kind: str | None
    value: str | None
    reason: str | None


def shown_but_banned(connection: Pg, version: int, limit: int) -> list[Contradiction]:
    """Products to be taken back, of rules that changed up to this version."""
    return _find(connection, BANNED, version, limit)


def hidden_but_free(connection: Pg, version: int, limit: int) -> list[Contradiction]:
    """Products to be let in again."""
    return _find(connection, FREE, version, limit)


def fetch_stands(connection: Pg, topics: Iterable[str]) -> Ends:
    """Up to where the catalogue has merged these topics."""
    found: dict[str, dict[int, int]] = {topic: {} for topic in topics}
    for topic, partition, offset in connection.execute(READ, [CATALOGUE, list(found)]).fetchall():
        found[topic][partition] = offset
    return found


def has_read(connection: Pg, ends: Ends) -> bool:
    """Whether the catalogue has merged everything before these ends."""
    stands = fetch_stands(connection, ends)
    return all(
        end == 0 or stands[topic].get(partition, 0) >= end
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )


def _find(connection: Pg, text: str, version: int, limit: int) -> list[Contradiction]:
    with connection.cursor(row_factory=class_row(Contradiction)) as cursor:
        return cursor.execute(text.encode(), {"version": version, "limit": limit}).fetchall()
