"""What Spark's real-time mode would give the ban filter; docs/adr/0007 says what it would cost.

The same judging and the same joins as the shipped stream, from Kafka to Kafka without foreachBatch,
ledger, lease, refusals or events, in a local session with a task slot per partition. The list of
bans is the one of the query's start. Latency at a steady rate as in `market_filter`, once with
batches of five minutes and once with short ones, whose boundaries show.

Run: `.venv/bin/python -m benchmarks.market_real_time_mode [--rate N] [--seconds S]`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.counting.report import RESULTS, revision
from benchmarks.filtering.backlog import PARTITIONS, rules_for
from benchmarks.filtering.steady import steady
from spark_jobs.lib.session import PINNED
from spark_jobs.market_banned_filter.bans import ban_frames
from spark_jobs.market_banned_filter.schema import COLUMNS, sink_options
from spark_jobs.market_banned_filter.transforms import Outputs, decide, headers
from tests.support.platform import attached_platform, running_platform
from tests.support.topics import fresh_topic
from weir.market.ban_list import BanList, LiveRule
from weir.market.filtered import Change
from weir.platform.layout import Layout
from weir.settings import Settings

BANS = 50
WARM_SECONDS = 15.0
BATCHES = ("5 minutes", "10 seconds")


def main() -> None:
    """Measure each batch length and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--out", type=Path, default=RESULTS / "market_real_time_mode.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with (
        attached_platform(home) if home else running_platform("kafka") as settings,
        local_session(settings) as session,
    ):
        runs = {
            length: measure(session, settings, length, options.rate, options.seconds)
            for length in BATCHES
        }
    result = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "cores": os.cpu_count(),
        "load_at_end": round(os.getloadavg()[0], 1),
        "bans": BANS,
        "a_ban_acts": "when the next batch begins, at the earliest",
        "batches": runs,
    }
    print(json.dumps(result, indent=2))
    options.out.write_text(json.dumps(result, indent=2) + "\n")


@contextmanager
def local_session(settings: Settings) -> Iterator[SparkSession]:
    """Real-time mode wants a task slot per partition, all the time."""
    builder = SparkSession.builder.master(f"local[{PARTITIONS + 1}]").appName("real-time mode")
    for key, value in PINNED.items():
        builder = builder.config(key, value)
    session = (
        builder.config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.extraClassPath", f"{Layout(settings).spark_jars}/*")
        .config("spark.driver.memory", "1g")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    yield session
    session.stop()


def measure(
    session: SparkSession, settings: Settings, length: str, rate: int, seconds: float
) -> dict[str, Any]:
    """One query with batches of this length."""
    topic = fresh_topic(settings, PARTITIONS, message_timestamp_type="LogAppendTime")
    out = fresh_topic(settings, PARTITIONS)
    source = (
        session.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.bootstrap)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .load()
        .select(*COLUMNS)
    )
    with tempfile.TemporaryDirectory() as folder:
        query = (
            allowed(session, source, out)
            .writeStream.format("kafka")
            .options(**sink_options(settings) | {"kafka.linger.ms": "0"})
            .option("checkpointLocation", folder)
            .outputMode("update")
            .trigger(realTime=length)
            .start()
        )
        found = steady(settings, topic, out, rate=rate, seconds=seconds, warm_seconds=WARM_SECONDS)
        query.stop()
    return found


def allowed(session: SparkSession, messages: DataFrame, out: str) -> DataFrame:
    """What the shipped stream would let through, by the list of this moment."""
    rules = tuple(
        LiveRule(rule.kind, rule.value, number, "bench")
        for number, rule in enumerate(rules_for(BANS))
    )
    bans = BanList(version=1, at=datetime.now(UTC), changes_at=None, rules=rules)
    outputs = Outputs(source="shop-products", products=out, events="", epoch=1, ban_version=1)
    return (
        decide(messages, ban_frames(session, bans))
        .where(F.col("sure") & F.col("ban").isNull())
        .select(
            F.lit(out).alias("topic"),
            "key",
            "value",
            headers(Change.ALLOWED, outputs).alias("headers"),
        )
    )


if __name__ == "__main__":
    main()
