"""The Wikimedia collector alone: events/s from the sample server into Kafka.

Three processes on one machine: the sample server (as fast as it can), the broker, and the real
collector with transactions and dedupe on. The clock runs from the collector's connection to the
moment when the last event is readable with `read_committed`. Afterwards the topic is read back:
a run counts only if it holds each id exactly once.

Run: `.venv/bin/python benchmarks/collector.py [--events N] [--passes N]`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil

from tests.support.collector_process import (
    collector_command,
    collector_environment,
    forget_cursor,
)
from tests.support.eventually import eventually
from tests.support.platform import attached_platform, running_platform
from tests.support.topics import create_topic, fresh_topic
from tests.support.wikimedia_sample import sent_ids
from weir.kafka.reader import end_offsets, read_range
from weir.settings import REPO, Settings
from weir.sources.wikimedia.generator import SampleStream
from weir.sources.wikimedia.sample_server import PATH

RESULTS = REPO / "benchmarks" / "results"
SOURCE_RATE = 5000.0  # events per second of source time: five share a millisecond
PARTITIONS = 6


def main() -> None:
    """Measure, check, write benchmarks/results/collector.{json,md}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--passes", type=int, default=3)
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    platform = attached_platform(home) if home else running_platform("postgres,kafka")
    with platform as settings:
        passes = [measure(settings, options.events) for _ in range(options.passes)]
    write_results(options.events, passes)


def measure(settings: Settings, events: int) -> dict[str, Any]:
    """One run on a fresh topic. Raises AssertionError if the topic does not hold each id once."""
    topic = fresh_topic(settings, PARTITIONS, max_message_bytes=str(2 * 1024 * 1024))
    create_topic(settings, f"{topic}.dlq", max_message_bytes=str(12 * 1024 * 1024))
    forget_cursor(settings)
    start_ms = int(time.time() * 1000 - events * 1000 / SOURCE_RATE)
    source = SampleStream(start_ms=start_ms, rate=SOURCE_RATE)
    expected = sent_ids(source, events)
    with sample_server(settings, start_ms, events) as (server, address):
        environment = collector_environment(settings, url=f"{address}{PATH}", topic=topic)
        with child(collector_command(), environment) as collector:
            eventually(lambda: requests_of(address), bool, every_seconds=0.01)
            begun = time.monotonic()
            ended = wait_until_still(settings, topic, len(expected))
            used = {"collector": usage(collector), "sample_server": usage(server)}
    published = [dict(m.headers)["id"].decode() for m in read_range(settings, topic)]
    assert sorted(published) == sorted(expected), "the topic does not hold each event once"
    seconds = ended - begun
    return {
        "seconds": round(seconds, 2),
        "events_per_second": round(len(expected) / seconds),
        **{f"{name}_{k}": v for name, values in used.items() for k, v in values.items()},
    }


def wait_until_still(settings: Settings, topic: str, at_least: int) -> float:
    """The moment at which the topic grew last, once it has at least so many offsets."""
    size, moved_at = 0, time.monotonic()
    while size < at_least or time.monotonic() - moved_at < 2:
        now_size = sum(end_offsets(settings, topic).values())
        if now_size != size:
            size, moved_at = now_size, time.monotonic()
        if time.monotonic() - moved_at > 60:
            raise AssertionError(f"stands still at {size} of {at_least}")
        time.sleep(0.1)
    return moved_at


def usage(process: psutil.Process) -> dict[str, float]:
    """CPU seconds since the process began, and its memory."""
    times = process.cpu_times()
    return {
        "cpu_seconds": round(times.user + times.system, 2),
        "pss_mb": round(process.memory_full_info().pss / 2**20, 1),
    }


def requests_of(address: str) -> list[Any]:
    """The stream requests that the sample server has seen."""
    return list(httpx.get(f"{address}/_faults").json()["requests"])


@contextmanager
def sample_server(
    settings: Settings, start_ms: int, events: int
) -> Iterator[tuple[psutil.Process, str]]:
    """The sample server as a process of its own."""
    port = settings.port_base + 8010
    words = ["--port", str(port), "--fast", "--from-beginning", "--total", str(events)]
    words += ["--start-ms", str(start_ms), "--rate", str(SOURCE_RATE)]
    words += ["--retention-minutes", "1440"]
    command = [sys.executable, "-m", "weir.sources.wikimedia.sample_server", *words]
    with child(command, dict(os.environ)) as process:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(address), bool)
        yield process, address


def answers(address: str) -> bool:
    """The server is up."""
    try:
        return httpx.get(f"{address}/_health").is_success
    except httpx.TransportError:
        return False


@contextmanager
def child(command: list[str], environment: dict[str, str]) -> Iterator[psutil.Process]:
    """A process that ends with the block; its words are shown if it failed."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, cwd=REPO, stdout=log, stderr=log)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            if process.wait(30) not in (0, -15):
                log.seek(0)
                print(log.read().decode()[-2000:], file=sys.stderr)


def write_results(events: int, passes: list[dict[str, Any]]) -> None:
    """JSON for machines, Markdown for people."""
    rates = [run["events_per_second"] for run in passes]
    result = {
        "what": __doc__.splitlines()[0] if __doc__ else "",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "machine": machine(),
        "events": events,
        "median_events_per_second": statistics.median(rates),
        "passes": passes,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "collector.json").write_text(json.dumps(result, indent=2) + "\n")
    rows = [
        f"| {n} | {run['events_per_second']:,} | {run['seconds']} | "
        f"{run['collector_cpu_seconds']} | {run['collector_pss_mb']} |"
        for n, run in enumerate(passes, 1)
    ]
    text = [
        "# Wikimedia collector: sample server to Kafka",
        "",
        f"{events:,} events of about 1.2 KB, exactly once (transactions and dedupe on), each run",
        f"checked id by id. Median **{statistics.median(rates):,.0f} events/s** (goal: 5,000).",
        "",
        "| pass | events/s | seconds | collector CPU s | collector PSS MB |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Revision {result['revision']}, {result['measured_at']}, {result['machine']}.",
        "Server, broker and collector share the machine. Run: `make bench`.",
    ]
    (RESULTS / "collector.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


def revision() -> str:
    """The commit that was measured; `+` when tracked files differ from it."""
    git = ["git", "-C", str(REPO)]
    head = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
    changed = subprocess.check_output([*git, "status", "--porcelain", "-uno"], text=True).strip()
    return head + ("+" if changed else "")


def machine() -> str:
    """Cores, memory, load, Python."""
    memory_gb = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{os.cpu_count()} cores, {memory_gb:.0f} GB, load {load:.1f} at the end, Python {python}"
    )


if __name__ == "__main__":
    main()
