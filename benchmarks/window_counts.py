"""The window-count job next to a plain Python loop and to a job with tutorial defaults.

1,000,000 JSON messages of ~160 bytes in 4 partitions become visible at once (one Kafka
transaction), to a driver on the standalone cluster. The clock runs from that commit to the commit
of the last count in PostgreSQL. The first pass meets a cold JVM, the next ones a warm one. Every
pass is compared with an independent count; a wrong number ends the run.

Run: `.venv/bin/python -m benchmarks.window_counts [--messages N] [--passes N]`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.counting.messages import Backlog, plain_loop
from benchmarks.counting.report import write_results
from benchmarks.counting.usage import Usage, processes_of
from tests.support.counting_stream import CountingStream, counting_stream
from tests.support.eventually import eventually
from tests.support.platform import INFRASTRUCTURE, attached_platform, running_platform
from tests.support.topics import fresh_topic
from weir.ops.launch import kill_driver, submit_application
from weir.ops.lease import Pg
from weir.platform.layout import Layout
from weir.settings import REPO, Settings

PARTITIONS = 4
TABLES = """
    create schema bench;
    create table bench.user_minute (window_start timestamptz, "user" text, messages bigint,
        primary key (window_start, "user"));
    create table bench.user_total ("user" text primary key, messages bigint,
        last_window_start timestamptz);
    create table bench.tutorial_minute (window_start timestamptz, "user" text, messages bigint,
        primary key (window_start, "user"));
"""
DECLARATION: dict[str, Any] = {
    "key": {"path": "user", "column": "user", "max_chars": 255},
    "time": {"path": "ts"},
    "fields": {},
    "measures": {"messages": {}},
    "tables": {"windows": "bench.user_minute", "totals": "bench.user_total"},
}


def main() -> None:
    """Measure, compare, write benchmarks/results/window_counts.{json,md}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--passes", type=int, default=5)
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with attached_platform(home) if home else running_platform(INFRASTRUCTURE) as settings:
        loop = [measure_plain_loop(settings, options.messages) for _ in range(2)]
        shipped = measure_shipped(settings, options.messages, options.passes)
        tutorial = measure_tutorial(settings, options.messages, 3)
        loop.append(measure_plain_loop(settings, options.messages))
    write_results(options.messages, {"plain": loop, "shipped": shipped, "tutorial": tutorial})


def measure_plain_loop(settings: Settings, messages: int) -> dict[str, Any]:
    """Consume and count in one Python process, with no guarantee at all."""
    backlog = Backlog(settings, fresh_topic(settings, PARTITIONS), messages)
    backlog.show()
    before = psutil.Process().cpu_times()
    counted, seconds = plain_loop(settings, backlog.topic)
    after = psutil.Process().cpu_times()
    assert counted == backlog.expected
    cpu = after.user + after.system - before.user - before.system
    return {
        "messages_per_second": round(messages / seconds),
        "cpu_seconds_per_million": round(cpu * 1e6 / messages, 2),
        "pss_mb": round(psutil.Process().memory_full_info().pss / 2**20),
    }


def measure_shipped(settings: Settings, messages: int, passes: int) -> list[dict[str, Any]]:
    """The real job: ledger, lease, refusals and the PostgreSQL sink on."""
    with bench_stream(settings) as stream:
        stream.start()
        stream.wait_for_epoch(1)
        first_commit = stream.checkpoint / "commits" / "0"
        eventually(first_commit.exists, bool, within_seconds=120)
        with stream.connection() as connection:
            return run_passes(
                lambda: Backlog(settings, stream.spec.topic, messages),
                _counter(connection, 'select "user", messages from bench.user_total'),
                lambda: processes_of(stream.token),
                passes,
            )


def measure_tutorial(settings: Settings, messages: int, passes: int) -> list[dict[str, Any]]:
    """Stateful windows with Spark's defaults, as tutorials show them; no guarantee."""
    with tempfile.TemporaryDirectory() as mark, bench_stream(settings) as stream:
        words = [settings.bootstrap, stream.spec.topic, str(stream.settings.dsn_file), mark]
        program = str(REPO / "benchmarks" / "counting" / "tutorial_job.py")
        driver = submit_application(Layout(settings), stream.spec, program, *words)
        try:
            eventually(Path(mark, "metadata").exists, bool, within_seconds=120)
            query = 'select "user", sum(messages)::bigint from bench.tutorial_minute group by 1'
            with stream.connection() as connection:
                return run_passes(
                    lambda: Backlog(settings, stream.spec.topic, messages),
                    _counter(connection, query),
                    lambda: processes_of(mark),
                    passes,
                )
        finally:
            kill_driver(settings, driver)


@contextmanager
def bench_stream(settings: Settings) -> Iterator[CountingStream]:
    """The stream of this benchmark, with its tables and the shipped memory and cores."""
    with (
        tempfile.TemporaryDirectory() as folder,
        counting_stream(
            settings,
            Path(folder),
            partitions=PARTITIONS,
            shipped_resources=True,
            cached=False,
            trigger_ms=100,  # the clock shall not measure the wait for the next trigger
            **DECLARATION,
        ) as stream,
    ):
        with stream.connection() as connection:
            connection.execute(TABLES)
        yield stream


def run_passes(
    backlog: Callable[[], Backlog],
    counted: Callable[[], dict[str, int]],
    processes: Callable[[], list[psutil.Process]],
    passes: int,
) -> list[dict[str, Any]]:
    """One measurement per pass on the same driver; the first is the cold one."""
    results: list[dict[str, Any]] = []
    expected: dict[str, int] = {}
    for _ in range(passes):
        waiting = backlog()
        for (user, _minute), number in waiting.expected.items():
            expected[user] = expected.get(user, 0) + number
        usage = Usage(processes())
        began = time.monotonic()
        waiting.show()
        total = sum(expected.values())
        eventually(
            lambda: sum(counted().values()),
            lambda n, total=total: n >= total,
            within_seconds=300,
            every_seconds=0.05,
        )
        seconds = time.monotonic() - began
        assert counted() == expected, "the counts are wrong"
        rate = {"messages_per_second": round(waiting.messages / seconds)}
        results.append(rate | usage.since(waiting.messages))
    return results


def _counter(connection: Pg, query: str) -> Callable[[], dict[str, int]]:
    """Looks by one connection that stays open: a new one per look would cost the job a core."""
    return lambda: dict(connection.execute(query).fetchall())


if __name__ == "__main__":
    main()
