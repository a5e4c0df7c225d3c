"""From shops' records to records of the filter. Pure: data frames in, data frames out.

messages --with_sure_products--> judged --with_ban--> decided --records--> what is written
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.lib.product_sieve import with_sure_products
from spark_jobs.market_banned_filter.bans import BanFrame
from weir.market.filtered import EVENT_VERSION, Change


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where records go, and what they say of who wrote them. source: `Outlet.source_name`."""

    source: str
    products: str
    events: str
    epoch: int
    ban_version: int


def decide(messages: DataFrame, frames: Sequence[BanFrame]) -> DataFrame:
    """One row per message: the message, what it is, whether that is `sure`, and its `ban`."""
    return with_ban(with_sure_products(messages), frames)


def with_ban(judged: DataFrame, frames: Sequence[BanFrame]) -> DataFrame:
    """`ban` is the closest rule (kind, value, ban_id, reason), null when nothing bans it.

    Of a tombstone and of what is not sure it means nothing. Each frame is joined by broadcast and
    by equality, and holds a value once: rows are neither lost nor doubled.
    """
    found = judged
    names = [f"_ban{number}" for number, _ in enumerate(frames)]
    for name, frame in zip(names, frames, strict=True):
        rules = frame.rules.select(
            F.col("value").alias(f"{name}_value"),
            F.struct(F.lit(frame.kind.value).alias("kind"), "value", "ban_id", "reason").alias(
                name
            ),
        )
        on = frame.compared() == F.col(f"{name}_value")
        found = found.join(F.broadcast(rules), on=on, how="left")
    none = F.lit(None).cast("struct<kind:string,value:string,ban_id:bigint,reason:string>")
    return found.select(*judged.columns, F.coalesce(*names, none).alias("ban"))


def records(decided: DataFrame, outputs: Outputs) -> DataFrame:
    """What is written: topic, key, value, headers. Nothing of a message that is not sure."""
    # Outer, though no array is empty: else Spark builds each array twice, once to look for that.
    return decided.where("sure").select(F.inline_outer(_written(outputs)))


@lru_cache(maxsize=4)  # each column is a call into the JVM: a hundred of them a batch are felt
def _written(outputs: Outputs) -> Column:
    """One record for an allowed or deleted product, two for a banned one."""
    deleted = F.col("value").isNull()
    products, events = F.lit(outputs.products), F.lit(outputs.events)

    def one(topic: Column, value: Column, change: Change) -> Column:
        return F.struct(
            topic.alias("topic"),
            F.col("key").alias("key"),
            value.alias("value"),
            headers(change, outputs).alias("headers"),
        )

    nothing = F.lit(None).cast("binary")
    return (
        F.when(deleted, F.array(one(products, nothing, Change.DELETED)))
        .when(F.col("ban").isNull(), F.array(one(products, F.col("value"), Change.ALLOWED)))
        .otherwise(
            F.array(
                one(products, nothing, Change.BLOCKED),
                one(events, blocked_event(), Change.BLOCKED),
            )
        )
    )


def headers(change: Change, outputs: Outputs) -> Column:
    """As `weir.market.filtered.headers_of` writes them."""
    src = F.concat_ws(
        "-",
        F.lit(outputs.source),
        F.col("partition").cast("string"),
        F.col("offset").cast("string"),
    )
    pairs = (
        ("src", src),
        ("updated_at_us", F.col("version_us").cast("string")),
        ("ban_version", F.lit(str(outputs.ban_version))),
        ("epoch", F.lit(str(outputs.epoch))),
        ("change", F.lit(change.value)),
    )
    return F.array(
        *(
            F.struct(F.lit(name).alias("key"), value.cast("binary").alias("value"))
            for name, value in pairs
        )
    )


def blocked_event() -> Column:
    """As `weir.market.filtered.event_json` writes it, with the product byte for byte."""
    text = F.col("value").cast("string")
    head = F.to_json(
        F.struct(
            F.lit(EVENT_VERSION).alias("v"),
            F.lit(Change.BLOCKED.value).alias("change"),
            "product_id",
            "sku",
            F.get_json_object(text, "$.shop").alias("shop"),
            F.struct("ban.kind", "ban.value", "ban.ban_id").alias("rule"),
            F.col("ban.reason").alias("reason"),
        ),
        {"ignoreNullFields": "false"},
    )
    opened = F.substring(head, F.lit(1), F.char_length(head) - 1)
    return F.concat(opened, F.lit(',"product":'), text, F.lit("}")).cast("binary")


def unsure(messages: DataFrame) -> DataFrame:
    """One row per message that must be judged one by one: its coordinates."""
    judged = with_sure_products(messages)
    return judged.where(~F.col("sure")).select("partition", "offset")
