"""What shops sent and what became of it, per product and minute; see docs/domains/market.md."""

from __future__ import annotations

import structlog
from pyspark.sql import SparkSession

from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.topics import begin_topics, topics_options
from spark_jobs.market_statistics.batch import StatisticsBatch
from spark_jobs.market_statistics.schema import COLUMNS
from weir.market.filtered import EVENTS, PRODUCTS
from weir.market.statistics_commit import QUERY

log = structlog.get_logger()


def start(session: SparkSession, driver: Driver) -> Job:
    """Begin the query where the ledger stands, in both topics of the filter."""
    spec = driver.file.spec
    begun = begin_topics(driver, QUERY, (PRODUCTS, EVENTS))
    options = topics_options(driver, spec, begun) | {"includeHeaders": "true"}
    batch = StatisticsBatch(driver, QUERY, begun, options)
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
    log.info("counting", stream=spec.name, epoch=driver.epoch, since=begun.stands)
    return Job(query=query, failure=lambda: batch.failure)


if __name__ == "__main__":
    run_driver(start)
