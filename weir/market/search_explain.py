"""Why a product was found, and why it stands where it stands: `--explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg

from weir.market.search_find import RANKS, Lookup

Pg = psycopg.Connection[Any]

FIELDS: Final = (
    "name",
    "name after 'for', brand, SKU",
    "category, tags",
    "attributes, description",
)

MATCHED: Final = """
    select d.product_id, json_agg(json_build_array(n,
      ts_filter(words, '{a}') @@ part, ts_filter(words, '{b}') @@ part,
      ts_filter(words, '{c}') @@ part, ts_filter(words, '{d}') @@ part,
      round((weight * ts_rank(%(ranks)s::float4[], words, part))::numeric, 4)) order by n)
    from market.search_document d,
      unnest(%(parts)s::tsquery[], %(weights)s::float8[]) with ordinality p (part, weight, n)
    where d.product_id = any(%(ids)s) group by 1
"""


def explain(connection: Pg, lookup: Lookup, product_ids: Sequence[str]) -> dict[str, Any]:
    """The query as PostgreSQL got it; per product and word its fields and its points."""
    rows = connection.execute(
        MATCHED,
        {
            "ranks": RANKS,
            "parts": list(lookup.parts),
            "weights": list(lookup.weights),
            "ids": list(product_ids),
        },
    ).fetchall()
    return {
        "match": lookup.match,
        "parts": list(lookup.parts),
        "weights": [round(weight, 3) for weight in lookup.weights],
        "products": {
            product_id: [
                {
                    "part": lookup.parts[n - 1],
                    "in": [name for name, there in zip(FIELDS, fields, strict=True) if there],
                    "points": points,
                }
                for n, *fields, points in matched
            ]
            for product_id, matched in rows
        },
    }
