"""What is learned of products and users, in PostgreSQL: read before a tally, merged after it.

Merging is part of the transaction that moves the stream's offsets, so every search counts once.
Rows are merged in the order of their keys: two writers can wait for each other, never deadlock.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from weir.market.recommend_score import Taste
from weir.market.recommend_tally import Facts, Tally
from weir.ops.lease import Pg

FACTS: Final = """
    select product_id, category, brand from market.product
    where product_id = any(%s) and state <> 'gone'
"""
RECENT: Final = """
    select user_id, product_id, (extract(epoch from searched_at) * 1000)::bigint
    from market.recent_product where user_id = any(%s)
"""
MERGE_POPULAR: Final = """
    insert into market.popularity as p
      (product_id, category, heat_hour, heat_week, searches, last_searched_at)
    select id, category, hour, week, n, to_timestamp(last_ms / 1000.0)
    from unnest(%s::text[], %s::text[], %s::float8[], %s::float8[], %s::bigint[], %s::bigint[])
      as one (id, category, hour, week, n, last_ms)
    order by id
    on conflict (product_id) do update set
      category = excluded.category,
      heat_hour = market.add_heat(p.heat_hour, excluded.heat_hour),
      heat_week = market.add_heat(p.heat_week, excluded.heat_week),
      searches = p.searches + excluded.searches,
      last_searched_at = greatest(p.last_searched_at, excluded.last_searched_at)
"""
MERGE_AFFINITIES: Final = """
    insert into market.affinity as a (user_id, kind, value, heat)
    select * from unnest(%s::text[], %s::text[], %s::text[], %s::float8[])
      as one (user_id, kind, value, heat)
    order by user_id, kind, value
    on conflict (user_id, kind, value) do update set
      heat = market.add_heat(a.heat, excluded.heat)
"""
MERGE_TOGETHER: Final = """
    insert into market.co_search as c (product_id, other_id, heat)
    select * from unnest(%s::text[], %s::text[], %s::float8[]) as one (product_id, other_id, heat)
    order by product_id, other_id
    on conflict (product_id, other_id) do update set
      heat = market.add_heat(c.heat, excluded.heat)
"""
FORGET_RECENT: Final = "delete from market.recent_product where user_id = any(%s)"
WRITE_RECENT: Final = """
    insert into market.recent_product (user_id, product_id, searched_at)
    select user_id, product_id, to_timestamp(ms / 1000.0)
    from unnest(%s::text[], %s::text[], %s::bigint[]) as one (user_id, product_id, ms)
    order by user_id, product_id
"""


def fetch_facts(connection: Pg, products: Collection[str]) -> dict[str, Facts]:
    """Category and brand of those that shops still offer, banned or not."""
    rows = connection.execute(FACTS, [list(products)]).fetchall()
    return {product: Facts(category, brand) for product, category, brand in rows}


def fetch_recent(connection: Pg, users: Collection[str]) -> dict[str, dict[str, int]]:
    """The last finds of these users: user -> product -> epoch milliseconds."""
    found: dict[str, dict[str, int]] = {}
    for user, product, at_ms in connection.execute(RECENT, [list(users)]):
        found.setdefault(user, {})[product] = at_ms
    return found


def fetch_taste(connection: Pg, user: str | None) -> Taste:
    """What this user prefers; nothing for somebody unknown."""
    if user is None:
        return Taste()
    kinds: dict[str, dict[str, float]] = {"category": {}, "brand": {}}
    rows = connection.execute(
        "select kind, value, heat from market.affinity where user_id = %s", [user]
    )
    for kind, value, heat in rows:
        kinds[kind][value] = heat
    return Taste(categories=kinds["category"], brands=kinds["brand"])


def merge(connection: Pg, sums: Tally) -> None:
    """Add a batch; inside the caller's transaction."""
    if sums.popular:
        rows = [(product, *one) for product, one in sums.popular.items()]
        connection.execute(MERGE_POPULAR, [list(column) for column in zip(*rows, strict=True)])
    if sums.affinities:
        wishes = [(*key, heat) for key, heat in sums.affinities.items()]
        connection.execute(MERGE_AFFINITIES, [list(column) for column in zip(*wishes, strict=True)])
    if sums.together:
        pairs = [(*pair, heat) for pair, heat in sums.together.items()]
        connection.execute(MERGE_TOGETHER, [list(column) for column in zip(*pairs, strict=True)])
    if sums.recent:
        finds = [(user, p, at) for user, seen in sums.recent.items() for p, at in seen.items()]
        connection.execute(FORGET_RECENT, [list(sums.recent)])
        if finds:
            connection.execute(WRITE_RECENT, [list(column) for column in zip(*finds, strict=True)])
