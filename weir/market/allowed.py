"""Which of these products may be shown now: listed, and under no live ban, at this moment."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from weir.ops.lease import Pg

LISTED: Final = """
    select product_id, sku from market.product where product_id = any(%s) and state = 'listed'
"""
# Arrays as they are, not as sub-queries: those would keep the function from being planned inline.
BANNED: Final = "select product_id from market.banned_among(%s::text[], %s::text[])"


def fetch_allowed(connection: Pg, products: Collection[str]) -> set[str]:
    """Those of `products` that may be shown. Each call looks at the live ban list anew, last."""
    if not products:
        return set()
    listed = connection.execute(LISTED, [list(products)]).fetchall()
    if not listed:
        return set()
    ids, skus = map(list, zip(*listed, strict=True))
    banned = connection.execute(BANNED, [ids, skus]).fetchall()
    return set(ids) - {product for (product,) in banned}
