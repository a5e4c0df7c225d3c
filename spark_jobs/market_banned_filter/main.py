"""Shops' products in, allowed ones out, at any moment by the bans of that moment."""

from __future__ import annotations

import structlog
from pyspark.sql import SparkSession

from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.topics import begin_topics, topics_options
from spark_jobs.market_banned_filter import sink
from spark_jobs.market_banned_filter.batch import FilterBatch
from spark_jobs.market_banned_filter.schema import COLUMNS, QUERY, declared
from weir.ops import failpoint

log = structlog.get_logger()


def start(session: SparkSession, driver: Driver) -> Job:
    """Begin the query where the ledger stands, in the shops' topic and in that of the bans."""
    spec = declared(driver)
    failpoint.arm(driver.file.settings, with_parent=True)
    sink.prepare(session)
    begun = begin_topics(driver, QUERY, (spec.topic, spec.bans_topic))
    # One source: a ban alone makes a batch, and offsets of both are fixed together.
    options = topics_options(driver, spec, begun)
    batch = FilterBatch(driver, begun, options)
    query = (
        session.readStream.format("kafka")
        .options(**options)
        .load()
        .select(*COLUMNS)
        .writeStream.queryName(QUERY)
        .option("checkpointLocation", str(begun.folder))
        .trigger(processingTime=f"{spec.trigger_ms} milliseconds")
        .foreachBatch(batch)
        .start()
    )
    log.info("filtering", stream=spec.name, epoch=driver.epoch, since=begun.stands)
    return Job(query=query, failure=lambda: batch.failure)


if __name__ == "__main__":
    run_driver(start)
