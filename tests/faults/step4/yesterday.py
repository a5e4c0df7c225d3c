"""The filter before a fix: it takes a description that begins with a digit for no text."""

from __future__ import annotations

from spark_jobs.lib.driver import run_driver
from spark_jobs.market_banned_filter import odd
from spark_jobs.market_banned_filter.main import start
from weir.contracts.product import Product, Refusal, parse_product
from weir.contracts.product_fields import Reason
from weir.kafka.record import Message, Record
from weir.market.ban_list import BanList
from weir.market.take_back import Outlet

judge_one = odd.judge_one


def with_a_mistake(message: Message, bans: BanList, outlet: Outlet) -> list[Record] | Refusal:
    """As the filter judges, but for these descriptions."""
    found = parse_product(message.value, message.key)
    if isinstance(found, Product) and found.description[:1].isdigit():
        return Refusal(Reason.WRONG_TYPE, "description")
    return judge_one(message, bans, outlet)


if __name__ == "__main__":
    odd.judge_one = with_a_mistake  # type: ignore[attr-defined]
    run_driver(start)
