"""How many products a second the catalogue takes into PostgreSQL, with its search.

The stream's own transaction without Spark and Kafka, on the PostgreSQL of a running platform
(WEIR_TEST_HOME), in a database of its own, in batches as large as the stream's.

  new       products that were never seen: their words are indexed
  changed   the same products with another price: their words stay

Run: `.venv/bin/python -m benchmarks.market_catalogue [--products 100000]`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.counting.report import RESULTS, revision
from tests.support.offers import Catalogue, said
from tests.support.platform import attached_platform, running_platform
from tests.support.stores import own_database
from weir.contracts.product import product_json
from weir.market.catalogue import Entry, entry_of, newest
from weir.market.catalogue_store import merge
from weir.market.filtered import Change
from weir.market.generator import products
from weir.ops.streams import find_stream


def entries(first: int, count: int, step: int) -> Iterator[Entry]:
    """The filter's records about generated products, read as the stream reads them."""
    for number, product in enumerate(products(count, first=first), first):
        changed = replace(product, price=product.price + step)
        record = said(Change.ALLOWED, product_json(changed), at=step * 10**9 + number)
        entry = entry_of(*record)
        assert isinstance(entry, Entry)
        yield entry


def measure(catalogue: Catalogue, number: int, batch: int) -> dict[str, Any]:
    """Products per second; reading the records is not timed."""
    rates = {}
    for step, name in enumerate(("new", "changed"), 1):
        took = []
        for first in range(0, number, batch):
            found = newest(entries(first, min(batch, number - first), step))
            began = time.perf_counter()
            with catalogue.pg.transaction():
                assert len(merge(catalogue.pg, found)) == len(found)
            took.append(time.perf_counter() - began)
        rates[name] = {"per_second": round(number / sum(took)), "slowest_s": round(max(took), 2)}
        print(name, rates[name], flush=True)
    (row,) = catalogue.pg.execute(
        "select count(*), pg_database_size(current_database()) / 1048576 from market.product"
    ).fetchall()
    return {"products": row[0], "batch": batch, "database_mb": int(row[1]), **rates}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=RESULTS / "market_catalogue.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    batch = find_stream("market_catalogue").max_offsets_per_trigger
    with (
        attached_platform(home) if home else running_platform("postgres") as platform,
        tempfile.TemporaryDirectory() as folder,
        own_database(platform, Path(folder)) as settings,
    ):
        result = measure(Catalogue(settings), options.products, batch)
    result |= {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "machine": {"cores": os.cpu_count(), "load_at_end": round(os.getloadavg()[0], 1)},
    }
    print(json.dumps(result, indent=2))
    options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
