"""Products that match, without the banned ones of this moment, the best first, with facets.

One statement: what is counted, what is shown and what is banned are of the same instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from weir.market.search_request import Question

Pg = psycopg.Connection[Any]

MOST_CANDIDATES: Final = 500
"""So many products are ranked and counted. A query that matches more is not narrow enough for the
order of the rest to matter; `found` then says "at least"."""

FACET_VALUES: Final = 10

RANKS: Final = "{0.1, 0.25, 0.5, 1}"
"""Points of a word in attributes or description, in category or tags, in brand or SKU or behind a
"for" of the name, in the name."""

START, STOP = "⟦", "⟧"

OUT_OF_STOCK: Final = 0.8

MATCHING: Final = f"""
  (select product_id, sku, shop, category, brand, price, currency, in_stock, words
   from market.search_document
   where {{condition}}
     and (%(min_price)s::numeric is null or price >= %(min_price)s)
     and (%(max_price)s::numeric is null or price <= %(max_price)s)
     and (not %(in_stock)s or in_stock)
   limit {MOST_CANDIDATES})
"""
ALL_WORDS: Final = MATCHING.format(condition="words @@ %(match)s::tsquery")
# The few that have all words must not drown in the first hundreds of those that lack some.
SOME_WORDS: Final = (
    MATCHING.format(condition="words @@ %(all)s::tsquery")
    + "union all"
    + MATCHING.format(condition="words @@ %(match)s::tsquery and not words @@ %(all)s::tsquery")
)
FIND: Final = f"""
with found as materialized (
  {{candidates}}
), banned as materialized (
  select b.product_id from (
    select array_agg(product_id) as ids, array_agg(sku) as skus from found
  ) f cross join lateral market.banned_among(f.ids, f.skus) b
), allowed as materialized (
  select * from found where product_id not in (select product_id from banned)
), best as materialized (
  select product_id,
    ({{points}}) * case when in_stock then 1 else {OUT_OF_STOCK}::float8 end as score
  from allowed order by score desc, product_id limit %(limit)s
), facets as (
  select case when grouping(category) = 0 then 'category'
              when grouping(brand) = 0 then 'brand' else 'shop' end as kind,
    coalesce(category, brand, shop) as value, count(*) as products
  from allowed group by grouping sets (category, brand, shop)
), ranked_facets as (
  select *, row_number() over (partition by kind order by products desc, value) as place
  from facets where value is not null
)
select
  (select count(*) from found),
  (select count(*) from allowed),
  (select json_agg(json_build_array(kind, value, products) order by kind, place)
   from ranked_facets where place <= {FACET_VALUES}),
  (select json_agg(json_build_array(currency, products, lowest, highest) order by products desc)
   from (select currency, count(*) as products, min(price)::text as lowest,
           max(price)::text as highest from allowed group by currency) c),
  (select json_agg(hit order by score desc, product_id) from (
     select b.product_id, b.score, json_build_object(
       'product_id', p.product_id, 'sku', p.sku, 'shop', p.shop, 'name', p.name,
       'category', p.category, 'brand', p.brand, 'price', p.price::text,
       'currency', p.currency, 'stock', p.stock, 'score', round(b.score::numeric, 4),
       'highlight', ts_headline('pg_catalog.russian', p.name, %(words)s::tsquery,
         'HighlightAll=true, StartSel={START}, StopSel={STOP}'),
       'snippet', ts_headline('pg_catalog.russian', left(p.description, 1000), %(words)s::tsquery,
         'MaxFragments=1, MaxWords=20, MinWords=8, StartSel={START}, StopSel={STOP}')
     ) as hit
     from best b join market.product p using (product_id) where p.state = 'listed') h)
"""


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What to match and how to rank it. parts: one query per typed word, each with a weight."""

    match: str
    all_words: str | None  # given when `match` takes products that lack some
    parts: Sequence[str]
    weights: Sequence[float]
    words: str  # all forms of all words, to mark them


@dataclass(frozen=True, kw_only=True)
class Found:
    """candidates: products that matched, at most MOST_CANDIDATES; allowed: those not banned now.

    facets: (kind, value, products); prices: (currency, products, lowest, highest).
    """

    candidates: int
    allowed: int
    facets: Sequence[tuple[str, str, int]]
    prices: Sequence[tuple[str, int, str, str]]
    hits: Sequence[dict[str, Any]]


def find(connection: Pg, question: Question, lookup: Lookup) -> Found:
    """The best products for this lookup. Raises psycopg's errors."""
    numbered = range(len(lookup.parts))
    points = " + ".join(
        f"%(weight{n})s::float8 * ts_rank('{RANKS}', words, %(part{n})s::tsquery)" for n in numbered
    )
    parameters = {
        **{f"part{n}": lookup.parts[n] for n in numbered},
        **{f"weight{n}": lookup.weights[n] for n in numbered},
        "match": lookup.match,
        "all": lookup.all_words,
        "words": lookup.words,
        "min_price": question.min_price,
        "max_price": question.max_price,
        "in_stock": question.in_stock,
        "limit": question.limit,
    }
    matching = SOME_WORDS if lookup.all_words else ALL_WORDS
    query = FIND.replace("{candidates}", matching).replace("{points}", points or "0")
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    candidates, allowed, facets, prices, hits = row
    return Found(
        candidates=candidates,
        allowed=allowed,
        facets=[tuple(facet) for facet in facets or ()],
        prices=[tuple(price) for price in prices or ()],
        hits=hits or [],
    )
