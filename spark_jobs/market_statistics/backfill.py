"""Count a stretch of time anew, hour by hour, while the stream runs or not.

A batch application: it ends. Under a crash at any point: hours that were done are done, the others
are as they were; running it again gives the same. Exit code 4 when the history does not suffice.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

import pyarrow as pa
import structlog
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.lib.kafka import cluster_options
from spark_jobs.lib.session import PINNED
from spark_jobs.market_statistics import history
from weir.errors import WeirError
from weir.kafka.cluster import main_cluster
from weir.kafka.offsets import end_offsets, first_offsets
from weir.logs import configure_logging
from weir.market import statistics_store as store
from weir.market.archive import folder_of
from weir.market.archive_manifest import load
from weir.market.facts import FACTS
from weir.market.filtered import EVENTS, PRODUCTS
from weir.market.statistics_backfill import Places, Recounted, note, recount, within
from weir.ops.window import TimeWindow, hours_of, window_of
from weir.settings import Settings, load_settings
from weir.store.postgres import connect

log = structlog.get_logger()
NAME = "market_statistics_backfill"
AT_ONCE = 500_000
"""So many facts, some 100 MB, are brought here together: an hour of Spark's costs a second."""


class History:
    """The facts of one stretch of time, read once and kept on Spark's disks."""

    def __init__(self, session: SparkSession, settings: Settings, window: TimeWindow) -> None:
        self._session = session
        self._options = cluster_options(settings, main_cluster(settings))
        folder = folder_of(settings)
        manifest = load(folder)
        ends = {
            (topic, p): end
            for topic in (PRODUCTS, EVENTS)
            for p, end in end_offsets(settings, topic).items()
        }
        first = {
            (topic, p): begin
            for topic in (PRODUCTS, EVENTS)
            for p, begin in first_offsets(settings, topic).items()
        }
        tail = {}
        for (topic, p), end in ends.items():
            begin = max(first[(topic, p)], manifest.next.get(topic, {}).get(p, 0))
            if begin < end:
                tail[(topic, p)] = (begin, end)
        self.read_to: Places = ends
        self._facts = self._read(folder, load_files(folder, window), tail, window)
        few = self._facts.count() <= AT_ONCE
        self._whole = history.as_table(self._facts) if few else None

    def _read(
        self, folder: Path, files: list[str], tail: history.Ranges, window: TimeWindow
    ) -> DataFrame:
        empty = self._session.createDataFrame(FACTS.empty_table())
        found = [history.within(empty, window)]
        if files:
            rows = self._session.read.parquet(*(str(folder / path) for path in files))
            found.append(history.within(history.facts_of(rows), window))
        if tail:
            newest = history.of_kafka(self._session, self._options, tail)
            found.append(history.within(newest, window))
        facts = found[0]
        for more in found[1:]:
            facts = facts.unionByName(more)
        return facts.persist(StorageLevel.DISK_ONLY)

    def of(self, window: TimeWindow) -> pa.Table:
        """The facts of an hour, as far as `read_to`."""
        if self._whole is not None:
            return within(self._whole, window)
        return history.as_table(history.within(self._facts, window))

    def newer(self, ranges: history.Ranges) -> pa.Table:
        """What the stream has counted since."""
        log.info("reading what came meanwhile", places=len(ranges))
        return history.as_table(history.of_kafka(self._session, self._options, dict(ranges)))


def load_files(folder: Path, window: TimeWindow) -> list[str]:
    """Files that may hold the window: nothing is written before its version counts."""
    first = f"{window.start:%Y-%m-%d}"
    return [file.path for file in load(folder).files if file.date >= first]


def count_anew(
    settings: Settings, past: History, window: TimeWindow, *, may_lower: bool, who: str
) -> list[Recounted]:
    """Every hour of the window, each in a transaction of its own."""
    done = []
    with connect(settings.dsn_file, application_name=NAME, lock_timeout="60s") as connection:
        store.prepare(connection)
        for hour in hours_of(window):
            facts = past.of(hour)
            done.append(
                recount(connection, hour, facts, past.read_to, past.newer, may_lower=may_lower)
            )
            log.info("counted", hour=str(hour), before=done[-1].before, after=done[-1].after)
        note(connection, window, done, who)
    return done


def build_session() -> SparkSession:
    """The session; sizes and class path come from the submitter."""
    builder = SparkSession.builder.appName(NAME)
    for key, value in PINNED.items():
        builder = builder.config(key, value)
    return builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()


def main() -> None:
    """Parse the arguments, count, and say what changed."""
    configure_logging()
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="start", required=True)
    parser.add_argument("--to", dest="end", required=True)
    parser.add_argument("--may-lower", choices=("True", "False"), default="False")
    parser.add_argument("--who", default=getpass.getuser())
    arguments = parser.parse_args()
    session: SparkSession | None = None
    try:
        asked = window_of({"from": arguments.start, "to": arguments.end}, None, None)
        settings = load_settings()
        session = build_session()
        past = History(session, settings, asked)
        done = count_anew(
            settings, past, asked, may_lower=arguments.may_lower == "True", who=arguments.who
        )
    except WeirError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    finally:
        if session is not None:
            session.stop()
    changed = sum(each.before != each.after for each in done)
    print(f"{len(done)} hours counted anew, {changed} of them changed")


if __name__ == "__main__":
    main()
