"""Counts and refusals in one pass, or as two queries: what the second scan costs.

The same messages as benchmarks/window_counts.py, read as batches by a local session with two
cores. `two` reads and parses the topic once more for the refusals, as a second query would.

Run: `.venv/bin/python -m benchmarks.refusals_one_pass [--messages N]`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from pyspark.sql import DataFrame, SparkSession

from benchmarks.counting.messages import Backlog
from benchmarks.counting.report import RESULTS, revision
from benchmarks.window_counts import DECLARATION, PARTITIONS
from spark_jobs.lib.kafka import source_options
from spark_jobs.lib.session import PINNED
from spark_jobs.window_counts import transforms
from tests.support.platform import attached_platform, running_platform
from tests.support.stream_specs import wikimedia_spec
from tests.support.topics import fresh_topic
from weir.platform.layout import Layout
from weir.settings import Settings

PASSES = 5
WARM_FROM = 2


def main() -> None:
    """Measure both forms in turn and write benchmarks/results/refusals_one_pass.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with attached_platform(home) if home else running_platform("kafka") as settings:
        topic = fresh_topic(settings, PARTITIONS)
        Backlog(settings, topic, options.messages).show()
        result = measure(settings, topic, options.messages)
    (RESULTS / "refusals_one_pass.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def measure(settings: Settings, topic: str, messages: int) -> dict[str, Any]:
    """Warm rates and CPU of both forms, taken in turn so that noise meets both."""
    spec = wikimedia_spec("bench", topic=topic, cache=None, **DECLARATION)
    session = local_session(Layout(settings).spark_jars)
    options = source_options(settings, spec, dict.fromkeys(range(PARTITIONS), 0))
    jvm = psutil.Process(int(session._jvm.ProcessHandle.current().pid()))  # type: ignore[union-attr]

    def judged() -> DataFrame:
        source = session.read.format("kafka").options(**options).load()
        return transforms.judge(transforms.parse(source, spec), spec, datetime.now(UTC))

    def once() -> None:
        transforms.count(judged(), spec).toArrow()

    def twice() -> None:
        once()
        transforms.refused(judged()).toArrow()

    runs: dict[str, list[tuple[float, float]]] = {"one": [], "two": []}
    for _ in range(PASSES):
        for name, form in (("one", once), ("two", twice)):
            before, began = jvm.cpu_times(), time.monotonic()
            form()
            seconds, after = time.monotonic() - began, jvm.cpu_times()
            cpu = after.user + after.system - before.user - before.system
            runs[name].append((messages / seconds, cpu * 1e6 / messages))
    session.stop()
    return {
        "revision": revision(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "messages": messages,
        **{
            name: {
                "messages_per_second": round(statistics.median(r for r, _ in warm)),
                "cpu_seconds_per_million": round(statistics.median(c for _, c in warm), 2),
            }
            for name, warm in ((n, r[WARM_FROM:]) for n, r in runs.items())
        },
    }


def local_session(jars: Path) -> SparkSession:
    """Two cores in one JVM, with the settings that the streams pin."""
    builder = SparkSession.builder.master("local[2]").appName("bench")
    for key, value in PINNED.items():
        builder = builder.config(key, value)
    return (
        builder.config("spark.driver.extraClassPath", f"{jars}/*")
        .config("spark.driver.memory", "1g")
        .config("spark.driver.extraJavaOptions", "-XX:+UseParallelGC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )


if __name__ == "__main__":
    main()
