"""Shops' products in, allowed ones out, at any moment by the bans of that moment."""

from __future__ import annotations

import json

import structlog
from pyspark.sql import SparkSession

from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.kafka import source_options
from spark_jobs.lib.wait_for_kafka import first_offsets_patiently
from spark_jobs.market_banned_filter import sink
from spark_jobs.market_banned_filter.batch import FilterBatch
from spark_jobs.market_banned_filter.schema import COLUMNS, QUERY, declared
from spark_jobs.window_counts.main import choose_checkpoint
from weir.ops import failpoint, ledger

log = structlog.get_logger()


def start(session: SparkSession, driver: Driver) -> Job:
    """Begin the query where the ledger stands, in the shops' topic and in that of the bans."""
    spec, settings = declared(driver), driver.file.settings
    failpoint.arm(settings, with_parent=True)
    sink.prepare(session)
    stands = {topic: begin(driver, topic) for topic in (spec.topic, spec.bans_topic)}
    options = source_options(settings, spec, {}) | {
        # One source: a ban alone makes a batch, and offsets of both are fixed together.
        "subscribe": ",".join(stands),
        "startingOffsets": json.dumps(
            {t: {str(p): o for p, o in sorted(ps.items())} for t, ps in stands.items()}
        ),
    }
    folder = choose_checkpoint(driver.file.checkpoints / QUERY, stands)
    batch = FilterBatch(driver, folder, options)
    query = (
        session.readStream.format("kafka")
        .options(**options)
        .load()
        .select(*COLUMNS)
        .writeStream.queryName(QUERY)
        .option("checkpointLocation", str(folder))
        .trigger(processingTime=f"{spec.trigger_ms} milliseconds")
        .foreachBatch(batch)
        .start()
    )
    log.info("filtering", stream=spec.name, epoch=driver.epoch, since=stands)
    return Job(query=query, failure=lambda: batch.failure)


def begin(driver: Driver, topic: str) -> dict[int, int]:
    """Where the ledger stands in this topic; its beginning at the first start."""
    place = ledger.Place(stream=driver.file.stream, query=QUERY, topic=topic)
    first = first_offsets_patiently(driver.file.settings, topic, driver.control.stop)
    with driver.connect() as connection:
        stands = ledger.begin_offsets(connection, place, first)
    ledger.refuse_loss(place, stands, first)
    return stands


if __name__ == "__main__":
    run_driver(start)
