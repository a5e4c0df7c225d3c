"""The search on a real PostgreSQL, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.market_listing import clear, list_products, refresh
from tests.support.stores import own_database
from weir.contracts.product import Product
from weir.market.search import search
from weir.market.search_answer import Answer
from weir.market.search_connection import connect_for_search
from weir.market.search_request import Question
from weir.ops.lease import Pg
from weir.settings import Settings


@dataclass(frozen=True)
class Catalogue:
    """Products that a test lists, changes and looks for."""

    pg: Pg

    def offer(self, product_id: str, name: str, **changes: Any) -> None:
        given: dict[str, Any] = {
            "sku": f"SKU-{product_id}",
            "shop": "Север",
            "category": "Электроника",
            "price": Decimal(1000),
            "currency": "RUB",
            "stock": 5,
            "updated_at": datetime(2026, 11, 22, tzinfo=UTC),
        }
        product = Product(product_id=product_id, name=name, **(given | changes))
        for _ in list_products(self.pg, [product]):
            pass

    def change(self, product_id: str, assignment: str) -> None:
        """As the catalogue does: the row and the search in one transaction."""
        with self.pg.transaction():
            self.pg.execute(
                f"update market.product set {assignment} where product_id = %s".encode(),
                [product_id],
            )
            refresh(self.pg, [product_id])

    def ban(self, kind: str, value: str) -> None:
        """A ban that is live at once; the catalogue has not heard of it."""
        self.pg.execute(
            "insert into market.ban (kind, value, reason, banned_by, valid_from, started, version)"
            " values (%s, %s, 'unsafe', 'test', clock_timestamp(), true, 1)",
            [kind, value],
        )

    def ask(self, query: str, **more: Any) -> Answer:
        return search(self.pg, Question(query=query, **more))

    def ids(self, query: str, **more: Any) -> list[str]:
        return [hit.product_id for hit in self.ask(query, **more).hits]

    def words(self) -> dict[str, int]:
        """The vocabulary: words that listed products have, and how many have each."""
        rows = self.pg.execute("select word, documents from market.search_word where documents > 0")
        return dict(rows.fetchall())


@pytest.fixture(scope="package")
def database(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("search"))) as settings:
        yield settings


@pytest.fixture
def catalogue(database: Settings) -> Iterator[Catalogue]:
    """Nothing listed, nothing banned."""
    with connect_for_search(database.dsn_file) as pg:
        clear(pg)
        yield Catalogue(pg)
