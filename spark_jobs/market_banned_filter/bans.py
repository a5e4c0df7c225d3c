"""The ban list as data frames for equi-joins: one per kind, and per length of prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from weir.market.ban_list import BanList
from weir.market.rules import Kind

ROWS = pa.schema([("value", pa.string()), ("ban_id", pa.int64()), ("reason", pa.string())])


class BanFrame(NamedTuple):
    """Rules that are compared with one and the same text of a product."""

    kind: Kind
    length: int | None
    rules: DataFrame

    def compared(self) -> Column:
        """What of a product is compared with these rules; null when it is too short."""
        if self.kind is Kind.PRODUCT:
            return F.col("product_id")
        if self.length is None:
            return F.col("sku")
        long_enough = F.char_length("sku") >= self.length
        return F.when(long_enough, F.substring("sku", 1, self.length))


def ban_frames(session: SparkSession, bans: BanList) -> tuple[BanFrame, ...]:
    """The closest rules first; none for a kind without rules."""
    return tuple(_frames(session, bans))


def _frames(session: SparkSession, bans: BanList) -> Iterator[BanFrame]:
    for kind, length in (
        (Kind.PRODUCT, None),
        (Kind.SKU, None),
        *((Kind.SKU_PREFIX, length) for length in bans.prefix_lengths),
    ):
        rules = list(bans.of(kind, length))
        if rules:
            columns = [
                [rule.value for rule in rules],
                [rule.ban_id for rule in rules],
                [rule.reason for rule in rules],
            ]
            table = pa.table(dict(zip(ROWS.names, columns, strict=True)), schema=ROWS)
            yield BanFrame(kind, length, session.createDataFrame(table))
