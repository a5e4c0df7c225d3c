"""The ban list and the catalogue as tests of the market play with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from weir.market.ban_list import fetch_list
from weir.market.bans import Changed, ban, unban
from weir.market.rules import Kind, Rule
from weir.settings import Settings
from weir.store.postgres import connect

TABLES = "market.ban, market.ban_outbox, market.ban_unsettled, market.filter_seen, market.product"


def product(value: str) -> Rule:
    return Rule(Kind.PRODUCT, value)


def sku(value: str) -> Rule:
    return Rule(Kind.SKU, value)


def prefix(value: str) -> Rule:
    return Rule(Kind.SKU_PREFIX, value)


class BanDesk:
    """Bans, unbans, and looks at what came of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pg = connect(settings.dsn_file, application_name="test")

    def clear(self) -> None:
        self.pg.execute(f"truncate {TABLES}")  # type: ignore[arg-type]
        self.pg.execute("truncate ops.query_offset, ops.audit, ops.dead_letter cascade")

    def ban(self, *rules: Rule, reason: str = "recalled", **more: Any) -> Changed:
        return ban(self.pg, rules, reason=reason, who="tester", via="test", **more)

    def unban(self, *rules: Rule) -> Changed:
        return unban(self.pg, rules, reason="it was a mistake", who="tester", via="test")

    def rows(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:
        return self.pg.execute(query, values).fetchall()  # type: ignore[arg-type]

    def now(self) -> datetime:
        """The database's clock."""
        ((now,),) = self.rows("select clock_timestamp()")
        found: datetime = now
        return found

    def version(self) -> int:
        ((version,),) = self.rows("select version from market.ban_clock")
        return int(version)

    def records(self) -> list[tuple[int, str, str]]:
        """Version, key and state of each record that was or will be published."""
        return self.rows(
            "select version, key, record ->> 'state' from market.ban_outbox order by 1"
        )

    def live(self) -> set[str]:
        """The rules that hold, as the filter reads them."""
        return {f"{rule.kind}:{rule.value}" for rule in fetch_list(self.pg).rules}

    def is_banned(self, product_id: str, article: str) -> bool:
        ((found,),) = self.rows("select market.is_banned(%s, %s)", [product_id, article])
        return found is not None

    def put_product(
        self,
        product_id: str,
        article: str,
        state: str = "listed",
        *,
        offset: int = 0,
        ban_version: int = 0,
    ) -> None:
        """A row as the catalogue writes it."""
        body = {"product_id": product_id, "sku": article, "shop": "Sample Shop"}
        self.pg.execute(
            "insert into market.product (product_id, state, sku, shop, name, category, price,"
            " currency, updated_at, src_partition, src_offset, ban_version, epoch, payload)"
            " values (%s, %s, %s, 'Sample Shop', 'A thing', 'Things', 1, 'RUB',"
            " '2026-11-01T00:00:00Z', 0, %s, %s, 1, %s)",
            [product_id, state, article, offset, ban_version, orjson.dumps(body).decode()],
        )

    def filter_has_seen(self, version: int) -> None:
        """As if the filter had finished a batch under this version of the list."""
        self.pg.execute(
            "insert into market.filter_seen (stream, epoch, ban_version) values ('filter', 1, %s)"
            " on conflict (stream) do update set ban_version = excluded.ban_version",
            [version],
        )

    def catalogue_has_read(self, offsets: dict[str, dict[int, int]]) -> None:
        """As if the catalogue's ledger stood there."""
        for topic, partitions in offsets.items():
            for partition, offset in partitions.items():
                self.pg.execute(
                    "insert into ops.query_offset (stream, query, topic, partition, next_offset)"
                    " values ('market_catalogue', 'catalogue', %s, %s, %s)"
                    " on conflict (stream, query, topic, partition)"
                    " do update set next_offset = excluded.next_offset",
                    [topic, partition, offset],
                )
