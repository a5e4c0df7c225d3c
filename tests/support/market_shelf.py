"""Listed products, bans and finds written by hand, for tests of what readers make of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from weir.contracts.search_event import SearchEvent
from weir.market.recommend_store import fetch_facts, fetch_recent, merge
from weir.market.recommend_tally import tally
from weir.ops.lease import Pg

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
TABLES: Final = (
    *("market.product", "market.ban", "market.popularity", "market.affinity"),
    *("market.co_search", "market.recent_product", "market.answer_minute"),
)


@dataclass(frozen=True)
class Shelf:
    """What shops offer, what is banned and what was searched, in a database of a test's own."""

    pg: Pg

    def clear(self) -> None:
        self.pg.execute(f"truncate {', '.join(TABLES)} cascade")  # type: ignore[arg-type]

    def offer(self, product_id: str, category: str = "Электроника", **changes: Any) -> None:
        """One product of that category, listed unless a state is given."""
        row = {
            "product_id": product_id,
            "state": "listed",
            "sku": f"SKU-{product_id}",
            "shop": "Север",
            "name": f"name of {product_id}",
            "category": category,
            "brand": None,
            "price": 1000,
            "currency": "RUB",
            "stock": 5,
            "created_at": NOON - timedelta(days=30),
            "updated_at": NOON,
            "src_partition": 0,
            "src_offset": 0,
            "ban_version": 0,
            "epoch": 1,
            "payload": "{}",
        } | changes
        names = ", ".join(row)
        places = ", ".join(f"%({name})s" for name in row)
        self.pg.execute(f"insert into market.product ({names}) values ({places})", row)  # type: ignore[arg-type]

    def ban(self, value: str, kind: str = "product") -> None:
        """A ban that is live at once."""
        self.pg.execute(
            "insert into market.ban (kind, value, reason, banned_by, valid_from, started, version)"
            " values (%s, %s, 'unsafe', 'test', clock_timestamp(), true, 1)",
            [kind, value],
        )

    def unban(self, value: str) -> None:
        self.pg.execute(
            "update market.ban set lifted_at = clock_timestamp(), lifted_by = 'test'"
            " where value = %s and lifted_at is null",
            [value],
        )

    def learn(self, *searches: SearchEvent) -> None:
        """Count these searches as a batch of the stream does."""
        products = {product for search in searches for product in search.products}
        users = {search.user for search in searches if search.user is not None}
        with self.pg.transaction():
            facts, recent = fetch_facts(self.pg, products), fetch_recent(self.pg, users)
            merge(self.pg, tally(searches, facts, recent))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.pg.execute(query).fetchall()  # type: ignore[arg-type]


def found(*products: str, user: str | None = None, at: datetime = NOON, **more: Any) -> SearchEvent:
    """A search that showed these products, the best first."""
    return SearchEvent(
        search_id=more.pop("search_id", "s"),
        query=more.pop("query", "words"),
        user=user,
        products=products,
        found=len(products),
        searched_at_ms=int(at.timestamp() * 1000),
        **more,
    )
