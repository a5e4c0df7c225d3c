"""Products straight into `market.product` and the search, as the catalogue would list them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from weir.contracts.product import Product, parse_product, product_json
from weir.ops.lease import Pg
from weir.settings import REPO

COLUMNS: Final = (
    *("product_id", "state", "sku", "shop", "name", "description", "category", "brand", "price"),
    *("currency", "stock", "tags", "attributes", "images", "created_at", "updated_at"),
    *("src_partition", "src_offset", "ban_version", "epoch", "payload"),
)
TABLES: Final = (
    *("market.product", "market.ban", "market.search_document", "market.search_word"),
    *("market.search_trigram", "market.search_hour"),
)


def sample_products() -> list[Product]:
    """The products of include/data/products.json."""
    found = []
    for entry in json.loads((REPO / "include" / "data" / "products.json").read_text()):
        value = json.dumps(entry).encode()
        product = parse_product(value, entry["product_id"].encode())
        assert isinstance(product, Product), (entry["product_id"], product)
        found.append(product)
    return found


def row_of(product: Product, offset: int) -> tuple[Any, ...]:
    """The product as the catalogue stores it."""
    return (
        *(product.product_id, "listed", product.sku, product.shop, product.name),
        *(product.description, product.category, product.brand, product.price, product.currency),
        *(product.stock, list(product.tags), json.dumps(dict(product.attributes))),
        *(list(product.images), product.created_at, product.updated_at, 0, offset, 0, 1),
        product_json(product).decode(),
    )


def list_products(pg: Pg, products: Iterable[Product], *, at_once: int = 5_000) -> Iterator[int]:
    """List them, so many in one transaction; yields how many are done."""
    offered, done = iter(products), 0
    while some := list(islice(offered, at_once)):
        with pg.transaction():
            copy = f"copy market.product ({', '.join(COLUMNS)}) from stdin"
            with pg.cursor().copy(copy.encode()) as rows:
                for number, product in enumerate(some):
                    rows.write_row(row_of(product, done + number))
            refresh(pg, [product.product_id for product in some])
        done += len(some)
        yield done


def refresh(pg: Pg, product_ids: list[str]) -> None:
    """What the catalogue does for the search in its own transaction."""
    pg.execute("select market.refresh_search(%s)", [product_ids])


def clear(pg: Pg) -> None:
    """No products, no bans, no words."""
    pg.execute(f"truncate {', '.join(TABLES)} cascade".encode())
