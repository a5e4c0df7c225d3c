"""How soon a ban shows in search, recommendations and statistics, which read the live list.

On the PostgreSQL of a running platform (WEIR_TEST_HOME), in a database of its own with products,
their search and their counts. Each ban, of an id, an article number or a beginning of one, hits one
product that all three show. The clock runs from the return of the ban's commit until an answer
came that does not show it any more; `stale` counts answers that were asked for after the commit
and still showed it.

Run: `.venv/bin/python -m benchmarks.market_ban_visible [--products 100000] [--bans 200]`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.counting.report import RESULTS, revision
from tests.support.market_facts import fact, facts
from tests.support.offers import Catalogue, said
from tests.support.platform import attached_platform, running_platform
from tests.support.stores import own_database
from weir.clock import utc_now
from weir.contracts.product import Product, product_json
from weir.market import statistics_store as counts
from weir.market.bans import ban
from weir.market.catalogue import Entry, entry_of
from weir.market.catalogue_store import merge
from weir.market.count_once import take_new
from weir.market.filtered import Change
from weir.market.generator import products
from weir.market.recommend_answer import answer_request
from weir.market.recommend_ask import new_request
from weir.market.rules import Kind, Rule
from weir.market.search import search
from weir.market.search_request import Question
from weir.market.statistics import Level, fetch_statistics
from weir.market.statistics import Question as Counted
from weir.ops.lease import Pg
from weir.store.postgres import connect

BATCH = 5_000
ON_A_SHELF = 40
"""So many products in a category: all of them fit into one answer."""

Shows = Callable[[Pg, Product], bool]


def offers(count: int) -> Iterator[Product]:
    """Generated products, in small categories."""
    for number, product in enumerate(products(count)):
        yield replace(product, category=f"shelf {number // ON_A_SHELF}")


def prepare(catalogue: Catalogue, count: int) -> list[Product]:
    """Fill the catalogue, its search and the statistics; all products."""
    found = list(offers(count))
    counts.prepare(catalogue.pg)
    for first in range(0, count, BATCH):
        some = list(enumerate(found[first : first + BATCH], first))
        with catalogue.pg.transaction():
            merge(catalogue.pg, sorted((entry(*one) for one in some), key=lambda e: e.product_id))
            rows = (fact(p.product_id, n, sku=p.sku, category=p.category) for n, p in some)
            counts.add(catalogue.pg, take_new(catalogue.pg, facts(*rows)))
    catalogue.pg.execute("vacuum analyze")
    return found


def entry(number: int, product: Product) -> Entry:
    found = entry_of(*said(Change.ALLOWED, product_json(product), at=10**9 + number))
    assert isinstance(found, Entry)
    return found


def in_search(pg: Pg, product: Product) -> bool:
    answer = search(pg, Question(query=product.sku))
    return product.product_id in {hit.product_id for hit in answer.hits}


def in_recommendations(pg: Pg, product: Product) -> bool:
    request = new_request(category=product.category, currency=product.currency, limit=50)
    answer = answer_request(pg, request, utc_now)
    return product.product_id in {item.product_id for item in answer.items}


def in_statistics(pg: Pg, product: Product) -> bool:
    """Counted with its category: what is banned is no product of it."""
    rows = fetch_statistics(pg, Counted(level=Level.CATEGORY, limit=100_000)).rows
    return any(row.key == product.category and row.banned_now == 0 for row in rows)


READERS: dict[str, Shows] = {
    "search": in_search,
    "recommendations": in_recommendations,
    "statistics": in_statistics,
}


def rule_of(product: Product, kind: Kind) -> Rule:
    """A rule that hits this product alone."""
    return Rule(kind, product.product_id if kind is Kind.PRODUCT else product.sku)


def measure(pg: Pg, banner: Pg, found: list[Product], bans: int) -> dict[str, Any]:
    """Ban one product after the other, each on a shelf of its own, and look until it is gone."""
    shelves = random.Random(7).sample(range(len(found) // ON_A_SHELF), bans)
    times: dict[str, list[float]] = {name: [] for name in READERS}
    stale = 0
    for number, shelf in enumerate(shelves):
        product = found[shelf * ON_A_SHELF]
        for name, shows in READERS.items():
            assert shows(pg, product), (name, product)
        rule = rule_of(product, list(Kind)[number % len(Kind)])
        ban(banner, [rule], reason="bench", who="bench", via="bench")
        committed = time.perf_counter()
        for name, shows in READERS.items():
            began = time.perf_counter()
            while shows(pg, product):
                stale += 1
            # What came before was another reader's time.
            times[name].append(time.perf_counter() - max(began, committed))
    return {"bans": bans, "stale": stale, **{name: cut(each) for name, each in times.items()}}


def cut(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100)
    named = {"p50_ms": cuts[49], "p99_ms": cuts[98], "max_ms": max(seconds)}
    return {name: round(1000 * value, 1) for name, value in named.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--bans", type=int, default=200)
    parser.add_argument("--out", type=Path, default=RESULTS / "market_ban_visible.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with (
        attached_platform(home) if home else running_platform("postgres") as platform,
        tempfile.TemporaryDirectory() as folder,
        own_database(platform, Path(folder)) as settings,
        connect(settings.dsn_file, application_name="bench") as banner,
    ):
        catalogue = Catalogue(settings)
        found = prepare(catalogue, options.products)
        result = measure(catalogue.pg, banner, found, options.bans)
    result |= {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "products": options.products,
        "machine": {"cores": os.cpu_count(), "load_at_end": round(os.getloadavg()[0], 1)},
    }
    print(json.dumps(result, indent=2))
    options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
