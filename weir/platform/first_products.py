"""The part of `make run`'s closing screen that shows the marketplace: what may be found in it."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Final, NamedTuple

from weir.cli.terminal import printable
from weir.errors import Unavailable
from weir.settings import Settings
from weir.store.postgres import connect

LIMIT_SECONDS = 120.0
CATEGORIES: Final = """
    select category, count(*), min(price), max(price) from market.product
    where state = 'listed' group by 1 order by 2 desc, 1 limit 8
"""


class Category(NamedTuple):
    """What is listed in one category."""

    name: str
    products: int
    lowest: Decimal
    highest: Decimal


def show_products(settings: Settings) -> None:
    """Wait for the sample shop's products; print what there is by category. A market that others
    fill, or that wants no sample shop, may be empty. Raises Unavailable."""
    sample = settings.market_samples and not settings.kafka_bootstrap
    categories = wait_for_products(settings) if sample else fetch_categories(settings)
    print(f"\nMarketplace ({'sample products, ' if sample else ''}listed now):")
    for category in categories:
        prices = f"{category.lowest:,} to {category.highest:,}"
        print(f"  {printable(category.name, 28):<28} {category.products:>8} products  {prices}")
    if not categories:
        print("  none yet: bin/weir shop send")


def fetch_categories(settings: Settings) -> list[Category]:
    """The categories with the most products."""
    with connect(settings.dsn_file, application_name="weir-up") as connection:
        return [Category(*row) for row in connection.execute(CATEGORIES).fetchall()]


def wait_for_products(settings: Settings) -> list[Category]:
    """The categories as soon as there is one. Raises Unavailable."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if categories := fetch_categories(settings):
            return categories
        time.sleep(0.5)
    raise Unavailable(
        f"no product is listed after {LIMIT_SECONDS:.0f} s",
        "weir streams list; weir logs market-shop market_banned_filter; weir dlq list",
    )
