"""Are the recommendations better than the most popular products? On a history with known tastes.

The history is learned by the stream's own code into PostgreSQL, candidates are fetched and scored
by it too. Weights were set on the first half of the users (`--tune`); the figures are of the
second half: recall and NDCG of the first ten against what each user wants next, the differences to
popularity alone with 95 % bootstrap intervals over users, and the best that could be (who knows
each user's taste exactly). `strength` 0 is the control: without tastes nothing can be gained.

Run: `.venv/bin/python -m benchmarks.market_recommend_quality [--users 400] [--tune]`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.compare import Interval, bootstrap, ndcg, recall
from benchmarks.counting.report import RESULTS, revision
from benchmarks.market_history import World, make_world, searches, wanted_next
from tests.support.market_shelf import Shelf
from tests.support.platform import attached_platform, running_platform
from tests.support.stores import own_database
from weir.contracts.recommendation import Request
from weir.market.recommend_candidates import fetch_candidates
from weir.market.recommend_score import (
    POPULARITY_ONLY,
    WEIGHTS,
    Candidate,
    Signal,
    Taste,
    score,
)
from weir.market.recommend_store import fetch_taste
from weir.store.postgres import connect

TOP: Final = 10
UNTIL: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
Pool = tuple[Sequence[Candidate], Taste]


def offer(shelf: Shelf, world: World) -> None:
    """List the products of the world."""
    shelf.pg.execute(
        "insert into market.product (product_id, state, sku, shop, name, category, brand, price,"
        " currency, stock, created_at, updated_at, src_partition, src_offset, ban_version, epoch,"
        " payload)"
        " select 'p' || n, 'listed', 'SKU-' || n, 'shop', 'product ' || n, 'category ' || c,"
        " 'brand ' || b, 100, 'RUB', 5, %s, %s, 0, n, 0, 1, '{}'"
        " from unnest(%s::int[], %s::int[]) with ordinality as one (c, b, place),"
        " lateral (select place - 1) as number (n)",
        [UNTIL, UNTIL, world.categories.tolist(), world.brands.tolist()],
    )


def learned(shelf: Shelf, world: World, each: int) -> list[Pool]:
    """Learn the history; candidates and taste of every user after it."""
    shelf.clear()
    offer(shelf, world)
    history = searches(world, 2, each=each, until=UNTIL)
    while some := list(islice(history, 500)):
        shelf.learn(*some)
    shelf.pg.execute("analyze")
    asked = int(UNTIL.timestamp() * 1000)
    pools = []
    for user in range(world.users):
        request = Request(
            correlation_id="c", user=f"u{user}", asked_at_ms=asked, deadline_ms=asked + 1000
        )
        pools.append((fetch_candidates(shelf.pg, request), fetch_taste(shelf.pg, f"u{user}")))
    return pools


def recommended(pool: Pool, weights: Mapping[Signal, float]) -> list[str]:
    """The first ten."""
    ordered = score(*pool, UNTIL.timestamp(), weights)
    return [one.candidate.product_id for one in ordered[:TOP]]


def compare(world: World, pools: Sequence[Pool], wanted: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The second half of the users, with the shipped weights."""
    half = range(world.users // 2, world.users)
    ours = {user: recommended(pools[user], WEIGHTS) for user in half}
    popular = {user: recommended(pools[user], POPULARITY_ONLY) for user in half}
    perfect = {
        user: [f"p{p}" for p in np.argsort(-world.wants[user], kind="stable")[:TOP]]
        for user in half
    }
    result: dict[str, Any] = {"users": len(half)}
    for name, measure in (("recall_at_10", recall), ("ndcg_at_10", ndcg)):
        of = {
            who: [measure(answers[user], wanted[user]) for user in half]
            for who, answers in (("ours", ours), ("popularity", popular), ("perfect", perfect))
        }
        difference = bootstrap(np.subtract(of["ours"], of["popularity"]).tolist())
        result[name] = {
            **{who: round(float(np.mean(values)), 4) for who, values in of.items()},
            "ours_minus_popularity": [round(part, 4) for part in difference],
            "verdict": verdict(difference),
        }
    return result


def verdict(difference: Interval) -> str:
    """In words; the interval decides, not the mean."""
    if difference.low > 0:
        return "better than popularity alone"
    return "worse than popularity alone" if difference.high < 0 else "no difference seen"


def tune(world: World, pools: Sequence[Pool], wanted: Sequence[Sequence[str]]) -> None:
    """Try weights on the first half of the users and print the best."""
    chooser = np.random.default_rng(5)
    half = range(world.users // 2)
    tried = [dict(WEIGHTS)]
    for _ in range(60):
        tried.append(
            {s: float(round(chooser.uniform(0, 2), 1)) for s in Signal} | {Signal.WEEK: 1.0}
        )
    results = [
        (float(np.mean([ndcg(recommended(pools[u], w), wanted[u]) for u in half])), w)
        for w in tried
    ]
    print("now", round(results[0][0], 4))
    for reached, weights in sorted(results, key=lambda one: -one[0])[:8]:
        print(round(reached, 4), {signal.value: w for signal, w in weights.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--each", type=int, default=30, help="searches of every user")
    parser.add_argument("--strengths", type=float, nargs="+", default=[1.0, 0.5, 0.0])
    parser.add_argument("--tune", action="store_true", help="only print better weights")
    parser.add_argument("--out", type=Path, default=RESULTS / "market_recommend_quality.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    result: dict[str, Any] = {
        "revision": revision(),
        "products": options.products,
        "searches_of_each_user": options.each,
        "weights": {signal.value: weight for signal, weight in WEIGHTS.items()},
        "worlds": {},
    }
    with (
        attached_platform(home) if home else running_platform("postgres") as platform,
        tempfile.TemporaryDirectory() as folder,
        own_database(platform, Path(folder)) as settings,
        connect(settings.dsn_file, application_name="benchmark") as pg,
    ):
        for strength in options.strengths:
            world = make_world(1, products=options.products, users=options.users, strength=strength)
            pools = learned(Shelf(pg), world, options.each)
            wanted = wanted_next(world, 3, each=20)
            if options.tune:
                tune(world, pools, wanted)
                continue
            result["worlds"][f"strength {strength}"] = compare(world, pools, wanted)
    if not options.tune:
        print(json.dumps(result, indent=2))
        options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
