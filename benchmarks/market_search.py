"""How long a search takes among so many products, and what they take on disk.

Needs a running platform with PostgreSQL. The products are in a database of the benchmark's own,
which stays until `--drop`: a fill that was cut off (`--seconds`) goes on at the next run.

Run: `.venv/bin/python -m benchmarks.market_search --products 100000 [--result FILE]`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from benchmarks.counting.report import revision
from benchmarks.market_queries import MIX, questions
from tests.support.market_listing import clear, list_products, sample_products
from tests.support.relevance import judge, share_within
from weir.market.generator import products
from weir.market.search import search
from weir.market.search_connection import connect_for_search
from weir.market.search_request import Question
from weir.ops.lease import Pg
from weir.settings import Settings, load_settings
from weir.store.migrate import migrate
from weir.store.postgres import connect, read_dsn

WARM_UP = 200
TABLES = (
    *("market.search_document", "market.search_word", "market.search_trigram"),
    "market.product",
)


def main() -> None:
    """Fill, measure, judge, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--bans", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of filling, at most")
    parser.add_argument("--result", type=Path)
    parser.add_argument("--drop", action="store_true", help="the database, at the end")
    options = parser.parse_args()
    with database(load_settings(), f"bench_search_{options.products}", options.drop) as pg:
        if not fill(pg, options.products, options.seconds):
            return
        result = measure(pg, options)
    with database(load_settings(), "bench_search_judged", True) as pg:
        result["judged_queries"] = relevance(pg)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    print(text)
    if options.result:
        options.result.write_text(text + "\n")


class database:
    """A connection that searches in the benchmark's own database."""

    def __init__(self, settings: Settings, name: str, drop: bool) -> None:
        self._settings, self._name, self._drop = settings, name, drop

    def __enter__(self) -> Pg:
        dsn_file = self._settings.home / f"{self._name}.dsn"
        dsn = conninfo.conninfo_to_dict(read_dsn(self._settings.dsn_file))
        dsn_file.touch(mode=0o600)
        dsn_file.write_text(conninfo.make_conninfo(**{**dsn, "dbname": self._name}))
        with connect(self._settings.dsn_file, application_name="benchmark") as pg:
            try:
                pg.execute(sql.SQL("create database {}").format(sql.Identifier(self._name)))
            except psycopg.errors.DuplicateDatabase:
                print(f"{self._name} is there already")
        migrate(self._settings.model_copy(update={"postgres_dsn_file": dsn_file}))
        self._pg = connect_for_search(dsn_file)
        self._pg.execute("set statement_timeout = 0")
        return self._pg

    def __exit__(self, *_: object) -> None:
        self._pg.close()
        if self._drop:
            with connect(self._settings.dsn_file, application_name="benchmark") as pg:
                drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(self._name))
                pg.execute(drop)


def fill(pg: Pg, wanted: int, seconds: float) -> bool:
    """List what is missing; False when the time was over first. Notes how long it took."""
    pg.execute("create table if not exists filled (products int, seconds float8)")
    there = number(pg, "select count(*) from market.product")
    began = time.monotonic()
    for done in list_products(pg, products(wanted - there, first=there)):
        if done % 50_000 == 0:
            print(f"{there + done} products, {time.monotonic() - began:.0f} s", flush=True)
        if time.monotonic() - began > seconds:
            break
    else:
        done = wanted - there
    if done:
        pg.execute("insert into filled values (%s, %s)", [done, time.monotonic() - began])
    if there + done < wanted:
        print(f"{there + done} of {wanted} products: run it again")
        return False
    if done:
        pg.execute("vacuum analyze")
    return True


def measure(pg: Pg, options: argparse.Namespace) -> dict[str, Any]:
    """Latency with some bans and with many, size, and how fast products were listed."""
    listed = pg.execute("select sum(products) / sum(seconds) from filled").fetchone()
    assert listed is not None
    result: dict[str, Any] = {
        "revision": revision(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "products": options.products,
        "listed_per_second": round(listed[0]),
        "mix": MIX,
        "load_before": round(os.getloadavg()[0], 1),
    }
    size = {
        table: round(number(pg, f"select pg_total_relation_size('{table}')") / 1e6, 1)
        for table in TABLES
    }
    result["size_mb"] = size
    result["mb_per_100000_products"] = round(sum(size.values()) / options.products * 1e5, 1)
    asked = questions(options.queries + WARM_UP, options.products)
    for bans in (options.bans, 100_000):
        ban(pg, bans, options.products)
        run(pg, asked[:WARM_UP])
        result[f"with_{bans}_bans"] = run(pg, asked[WARM_UP:])
    result["load_after"] = round(os.getloadavg()[0], 1)
    return result


def ban(pg: Pg, bans: int, among: int) -> None:
    """So many live bans: products and SKU prefixes, of which few have ever been listed."""
    pg.execute("truncate market.ban")
    pg.execute(
        """
        insert into market.ban (kind, value, reason, banned_by, valid_from, started, version)
        select case when n %% 10 = 0 then 'sku_prefix' else 'product' end,
          case when n %% 10 = 0 then 'PHN-' || lpad((n / 10)::text, 3, '0') || '-000'
               else 's1-' || lpad((n * 7 %% %(among)s)::text, 7, '0') end,
          'benchmark', 'benchmark', now(), true, n
        from generate_series(1, %(bans)s) n on conflict do nothing
        """,
        {"bans": bans, "among": among * 20},
    )
    pg.execute("vacuum analyze market.ban")


def run(pg: Pg, asked: Sequence[tuple[str, Question]]) -> dict[str, Any]:
    """Ask them one after the other; milliseconds by kind, and those of a processor for all.

    The latter know no neighbours: on a machine with nothing else to do a search takes so long.
    """
    took: dict[str, list[float]] = {"all": [], "all_cpu": []}
    server = number(pg, "select pg_backend_pid()")
    empty = 0
    for kind, question in asked:
        began, cpu = time.perf_counter(), cpu_seconds(server)
        answer = search(pg, question)
        milliseconds = (time.perf_counter() - began) * 1000
        took["all_cpu"].append((cpu_seconds(server) - cpu) * 1000)
        took["all"].append(milliseconds)
        took.setdefault(kind, []).append(milliseconds)
        empty += not answer.hits
    return {"found_nothing": empty} | {kind: percentiles(times) for kind, times in took.items()}


def cpu_seconds(server: int) -> float:
    """What this process and the server process of its connection have used of a processor."""
    ran_ns = int(Path(f"/proc/{server}/schedstat").read_text().split()[0])
    return ran_ns / 1e9 + time.process_time()


def percentiles(times: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the slowest."""
    parts = statistics.quantiles(times * 2 if len(times) == 1 else times, n=100, method="inclusive")
    return {
        "n": len(times),
        "p50_ms": round(parts[49], 2),
        "p95_ms": round(parts[94], 2),
        "p99_ms": round(parts[98], 2),
        "max_ms": round(max(times), 2),
    }


def relevance(pg: Pg) -> dict[str, float]:
    """The judged queries among the sample products alone."""
    clear(pg)
    for _ in list_products(pg, sample_products()):
        pass
    return {
        f"{half}_top_{places}": round(share_within(judge(pg, half), places), 3)
        for half in ("tuned", "held_out")
        for places in (1, 3)
    }


def number(pg: Pg, query: str) -> int:
    """The one number that the query gives."""
    row = pg.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    main()
