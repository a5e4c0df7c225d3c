"""From a request for recommendations to its answer, through the real stream: p50, p95, p99.

The real stream on the real cluster of a running platform (WEIR_TEST_HOME), with topics and a
database of its own: a catalogue, a learned history, searches that go on meanwhile, and requests at
a steady rate, half of them of known users, half with a category and a price. A time is what
`weir market recommend --wait` waits: from before the request is sent until its answer is there.

Run: `.venv/bin/python -m benchmarks.market_recommend [--rate 10] [--seconds 60]`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.counting.report import RESULTS, revision
from benchmarks.market_history import make_world, searches
from benchmarks.market_recommend_quality import offer
from tests.support.market_shelf import found
from tests.support.platform import attached_platform, running_platform
from tests.support.recommend_stream import RecommendStream, recommend_stream

USERS = 200
WARM_SECONDS = 10.0
PATIENCE_SECONDS = 10.0


def prepare(stream: RecommendStream, products: int) -> None:
    """A catalogue of `products`, and a history of searches in some thousands of them."""
    world = make_world(1, products=2000, users=USERS, strength=1.0)
    stream.shelf.clear()
    offer(stream.shelf, world)
    stream.shelf.pg.execute(
        "insert into market.product (product_id, state, sku, shop, name, category, brand, price,"
        " currency, stock, created_at, updated_at, src_partition, src_offset, ban_version, epoch,"
        " payload) select 'more-' || n, 'listed', 'MORE-' || n, 'shop', 'product ' || n,"
        " 'category ' || n %% 8, 'brand ' || n %% 80, 10 + n %% 5000, 'RUB', 5,"
        " now() - n * interval '1 minute', now(), 0, n, 0, 1, '{}'"
        " from generate_series(1, %s) as n",
        [products - world.products],
    )
    history = searches(world, 2, each=20, until=datetime.now(UTC))
    while some := list(islice(history, 500)):
        stream.shelf.learn(*some)
    stream.shelf.pg.execute("vacuum analyze")


def go_on_searching(stream: RecommendStream, per_second: float, stop: threading.Event) -> None:
    """Other people search meanwhile."""
    chooser = random.Random(3)
    while not stop.wait(1 / per_second):
        products = (f"p{chooser.randrange(2000)}" for _ in range(10))
        user = f"u{chooser.randrange(USERS)}"
        stream.search(found(*products, user=user, at=datetime.now(UTC)))


def measure(
    stream: RecommendStream, rate: float, seconds: float, searched: float
) -> dict[str, Any]:
    """Ask at a steady rate, from threads of their own, and wait for every answer."""
    chooser = random.Random(5)
    stop, pause = threading.Event(), threading.Event()
    waits: list[tuple[float, float | None, int]] = []

    def ask_one(at: float) -> None:
        words: dict[str, Any] = {"user": f"u{chooser.randrange(USERS)}"}
        if chooser.random() < 0.5:
            words = {"category": f"category {chooser.randrange(8)}", "max_price": "3000"}
        began = time.perf_counter()
        answer = asker.ask(stream.request(patience_seconds=PATIENCE_SECONDS, **words))
        took = None if answer is None else time.perf_counter() - began
        waits.append((at, took, len(answer.items) if answer else 0))

    searching = threading.Thread(target=go_on_searching, args=(stream, searched, stop))
    with stream.asker() as asker, ThreadPoolExecutor(64) as askers:
        stream.wait_until_it_answers(asker)
        searching.start()
        began = time.monotonic()
        for number in range(int(rate * (seconds + WARM_SECONDS))):
            pause.wait(max(0.0, began + number / rate - time.monotonic()))
            askers.submit(ask_one, number / rate)
    stop.set()
    searching.join()
    counted = [(took, items) for at, took, items in waits if at >= WARM_SECONDS]
    took_ms = sorted(1000 * took for took, _ in counted if took is not None)
    cuts = statistics.quantiles(took_ms, n=100)
    return {
        "revision": revision(),
        "requests_per_second": rate,
        "searches_per_second": searched,
        "requests": len(counted),
        "without_answer": len(counted) - len(took_ms),
        "without_items": sum(items == 0 for took, items in counted if took is not None),
        "p50_ms": round(cuts[49]),
        "p95_ms": round(cuts[94]),
        "p99_ms": round(cuts[98]),
        "max_ms": round(took_ms[-1]),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--searches", type=float, default=20, help="per second, meanwhile")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=RESULTS / "market_recommend.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with (
        attached_platform(home) if home else running_platform() as platform,
        tempfile.TemporaryDirectory() as folder,
        recommend_stream(platform, Path(folder)) as stream,
    ):
        prepare(stream, options.products)
        stream.start()
        result = measure(stream, options.rate, options.seconds, options.searches)
    result["products"] = options.products
    print(json.dumps(result, indent=2))
    options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
