"""A few hundred products out of a million that may be worth showing to somebody.

Each way to find them is bounded by an index and a limit, so an answer costs the same however
large the catalogue is; bans are not looked at here but last (`weir.market.allowed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weir.contracts.recommendation import Request
from weir.market.recommend_score import Candidate
from weir.ops.lease import Pg

LOOKED_AT: Final = 1000
"""So many of the hottest are compared with a wish for a price before others are tried."""

TAKEN: Final = 100
OWN_CATEGORIES: Final = 3
OWN_FINDS: Final = 10

# Ways to find candidates, of which a request takes those that it has the words for.
# A condition is left out rather than made true by a null: plans are kept and used again.
LISTED: Final = "p.state = 'listed' and coalesce(p.stock, 1) > 0"
OF_CATEGORY: Final = "p.category = %(category)s"
WITHIN_MONEY: Final = "p.price <= %(max_price)s and p.currency = %(currency)s"
HOTTEST: Final = """
    (select h.product_id from (
       select product_id, {heat} as heat from market.popularity {hot_in}
       order by {heat} desc limit {looked_at}) h
     join market.product p using (product_id)
     where {fits} order by h.heat desc limit {taken})
"""
OF_OWN_CATEGORIES: Final = """
    (select h.product_id from (
       select value from market.affinity where user_id = %(user)s and kind = 'category'
       order by heat desc limit {own_categories}) liked
     cross join lateral (
       select product_id, heat_week from market.popularity where category = liked.value
       order by heat_week desc limit {looked_at}) h
     join market.product p using (product_id)
     where {fits} order by h.heat_week desc limit {taken})
"""
FOUND_TOGETHER: Final = "(select c.product_id from together c)"
NEWEST: Final = """
    (select n.product_id from category_name k cross join lateral (
       select product_id, created_at from market.product p
       where state = 'listed' and category = k.category
       order by created_at desc limit {taken}) n
     join market.product p using (product_id)
     where {fits} order by n.created_at desc limit {taken})
"""
WITHIN_PRICE: Final = """
    (select n.product_id from category_name k cross join lateral (
       select p.product_id, p.created_at from market.product p
       where state = 'listed' and p.category = k.category and price <= %(max_price)s
       order by price desc limit {taken}) n
     join market.product p using (product_id)
     where {fits} order by n.created_at desc limit {taken})
"""
# The categories there are: a step through an index for each.
ALL_CATEGORIES: Final = """
  select min(category) from market.product where state = 'listed'
  union all
  select (select min(category) from market.product
          where state = 'listed' and category > category_name.category)
  from category_name where category is not null
"""
HEAD: Final = """
with recursive category_name (category) as ({categories}),
own_find as (
  select product_id from market.recent_product where user_id = %(user)s
  order by searched_at desc, product_id limit {own_finds}
),
together as (
  select distinct on (other_id) other_id as product_id, heat, product_id as found_with
  from own_find cross join lateral (
    select other_id, heat from market.co_search where product_id = own_find.product_id
    order by heat desc limit {taken}) c
  order by other_id, heat desc
),
picked as ({ways})
select p.product_id, p.sku, p.name, p.category, p.brand, p.shop, p.price, p.currency,
       coalesce(p.created_at, p.updated_at), h.heat_hour, h.heat_week,
       c.heat, w.product_id, w.name
from picked
join market.product p using (product_id)
left join market.popularity h using (product_id)
left join together c using (product_id)
left join market.product w on w.product_id = c.found_with and w.state = 'listed'
where {fits}
"""
LIMITS: Final = {
    "looked_at": LOOKED_AT,
    "taken": TAKEN,
    "own_categories": OWN_CATEGORIES,
    "own_finds": OWN_FINDS,
}


def question(request: Request) -> str:
    """The SQL for a request: every way that its words allow."""
    fits, hot_in, categories = [LISTED], "", ALL_CATEGORIES
    if request.category is not None:
        fits.append(OF_CATEGORY)
        hot_in, categories = "where category = %(category)s", "select %(category)s::text"
    ways = [HOTTEST.replace("{heat}", heat) for heat in ("heat_week", "heat_hour")]
    if request.user is not None:
        ways += [FOUND_TOGETHER, OF_OWN_CATEGORIES]
    ways.append(NEWEST)
    if request.max_price is not None:
        fits.append(WITHIN_MONEY)
        ways.append(WITHIN_PRICE)
    return HEAD.replace("{ways}", " union ".join(ways)).format(
        fits=" and ".join(fits), hot_in=hot_in, categories=categories, **LIMITS
    )


def fetch_candidates(connection: Pg, request: Request) -> Sequence[Candidate]:
    """Some hundreds of listed products that fit the request's category and price."""
    rows = connection.execute(
        question(request).encode(),
        {
            "user": request.user,
            "category": request.category,
            "max_price": request.max_price,
            "currency": request.currency,
        },
    ).fetchall()
    return [
        Candidate(
            product_id=row[0],
            sku=row[1],
            name=row[2],
            category=row[3],
            brand=row[4],
            shop=row[5],
            price=row[6],
            currency=row[7],
            created_at=row[8],
            heat_hour=row[9],
            heat_week=row[10],
            together=row[11],
            found_with_id=row[12],
            found_with=row[13],
        )
        for row in rows
    ]
