"""Which of these products may be shown now: listed, and under no live ban, at this moment."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from weir.ops.lease import Pg

# What a plan of the whole catalogue would cost does not matter: it is always a few ids.
ALLOWED: Final = """
    with asked as materialized (
      select product_id, sku from market.product
      where product_id = any(%s) and state = 'listed'
    )
    select product_id from asked
    where product_id not in (
      select b.product_id from market.banned_among(
        (select array_agg(product_id order by product_id) from asked),
        (select array_agg(sku order by product_id) from asked)) b
    )
"""


def fetch_allowed(connection: Pg, products: Collection[str]) -> set[str]:
    """Those of `products` that may be shown. Each call looks at the live ban list anew."""
    if not products:
        return set()
    rows = connection.execute(ALLOWED, [list(products)]).fetchall()
    return {product for (product,) in rows}
