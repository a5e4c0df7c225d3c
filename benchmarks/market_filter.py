"""The ban filter next to a plain Python loop without guarantees, and its latency at a steady rate.

Products of about 600 bytes in 4 partitions become visible at once (one Kafka transaction), to a
driver with the shipped settings. The clock runs from that commit until `filtered-products` has a
record for each. The first pass meets a cold JVM, the next ones a warm one, with 50 and with 100,000
bans of which 50 hit one product in a hundred. What comes out is counted; a wrong number ends the
run. Latency: `send()` of a shop until a reader has the product.

Run: `.venv/bin/python -m benchmarks.market_filter [--products N] [--passes N] [--seconds S]`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.counting.report import RESULTS, revision
from benchmarks.counting.usage import Usage, processes_of
from benchmarks.filtering.backlog import (
    PARTITIONS,
    Backlog,
    count_values,
    plain_loop,
    rules_for,
    written,
)
from benchmarks.filtering.steady import steady
from tests.faults.step4.rig import FilterRig, filter_rig
from tests.support.eventually import eventually
from tests.support.platform import attached_platform, running_platform
from tests.support.topics import fresh_topic
from weir.market.bans import ban
from weir.ops.streams import find_stream
from weir.settings import Settings

FEW, MANY = 50, 100_000
PATIENCE_SECONDS = 300.0
WARM_SECONDS = 10.0


def main() -> None:
    """Measure, compare, write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, default=RESULTS / "market_filter.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with attached_platform(home) if home else running_platform() as settings:
        loop = [measure_loop(settings, options.products, bans) for bans in (FEW, MANY)]
        with shipped_filter(settings, FEW) as rig:
            few = [measure_pass(rig, options.products) for _ in range(options.passes)]
            latency = steady(
                settings,
                rig.spec.topic,
                rig.spec.products_topic,
                rate=options.rate,
                seconds=options.seconds,
                warm_seconds=WARM_SECONDS,
            )
        with shipped_filter(settings, MANY) as rig:
            many = [measure_pass(rig, options.products) for _ in range(options.passes)]
        loop.append(measure_loop(settings, options.products, FEW))
    result = summary(options.products, loop, few, many) | {"steady": latency}
    print(json.dumps(result, indent=2))
    options.out.write_text(json.dumps(result, indent=2) + "\n")


def measure_loop(settings: Settings, products: int, bans: int) -> dict[str, Any]:
    """The plain loop over a backlog of its own."""
    backlog = Backlog(settings, fresh_topic(settings, PARTITIONS), products)
    backlog.show()
    out = fresh_topic(settings, PARTITIONS)
    passed, seconds = plain_loop(settings, backlog.topic, out, rules_for(bans))
    assert passed == backlog.allowed
    return {"bans": bans, "products_per_second": round(products / seconds)}


@contextmanager
def shipped_filter(settings: Settings, bans: int) -> Iterator[FilterRig]:
    """The stream as it is declared, over topics of its own, with its list; it has filtered once."""
    declared = find_stream("market_banned_filter")
    with (
        tempfile.TemporaryDirectory() as folder,
        filter_rig(
            settings, Path(folder), partitions=PARTITIONS, resources=declared.resources
        ) as rig,
    ):
        with rig.connection() as connection:
            ban(connection, rules_for(bans), reason="bench", who="bench", via="bench")
        rig.start_driver()
        first = rig.shops(0)
        first.send(0)
        first.flush()
        eventually(rig.ends, bool, within_seconds=PATIENCE_SECONDS)
        yield rig


def measure_pass(rig: FilterRig, products: int) -> dict[str, Any]:
    """One backlog through the running driver."""
    out = rig.spec.products_topic
    backlog = Backlog(rig.settings, rig.spec.topic, products)
    before = written(rig.settings, out)
    values = count_values(rig.settings, out)
    usage = Usage(processes_of(rig.token))
    began = time.monotonic()
    backlog.show()
    eventually(
        lambda: written(rig.settings, out) - before,
        lambda n: n >= products,
        within_seconds=PATIENCE_SECONDS,
        every_seconds=0.05,
    )
    seconds = time.monotonic() - began
    used = usage.since(products)
    assert written(rig.settings, out) - before == products
    assert count_values(rig.settings, out) - values == backlog.allowed
    return {"products_per_second": round(products / seconds)} | used


def summary(
    products: int, loop: list[dict[str, Any]], few: list[Any], many: list[Any]
) -> dict[str, Any]:
    """The shares that matter, and everything that was measured."""
    plain = statistics.median(run["products_per_second"] for run in loop)
    warm_few, warm_many = (
        statistics.median(run["products_per_second"] for run in runs[1:]) for runs in (few, many)
    )
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "cores": os.cpu_count(),
        "load_at_end": round(os.getloadavg()[0], 1),
        "products": products,
        "plain_loop_per_second": round(plain),
        "warm_share_of_plain_loop_with_50_bans": round(warm_few / plain, 2),
        "warm_share_of_plain_loop_with_100000_bans": round(warm_many / plain, 2),
        "slower_with_100000_bans": round(1 - warm_many / warm_few, 3),
        "plain_loop": loop,
        "filter_with_50_bans": few,
        "filter_with_100000_bans": many,
    }


if __name__ == "__main__":
    main()
