"""Counts per key and pane, from one topic into PostgreSQL and Redis; see include/streams.yaml."""

from __future__ import annotations

import structlog
from pyspark.sql import SparkSession

from spark_jobs.lib.begin import begin, choose_checkpoint
from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.group_commit import GroupCommit, group_consumer
from spark_jobs.lib.kafka import source_options
from spark_jobs.lib.prober import start_prober
from spark_jobs.window_counts.batch import QUERY, CountBatch
from spark_jobs.window_counts.cache import CacheKeeper
from weir.kafka.producer import ConfirmedProducer
from weir.store.redis import connect_redis
from weir.store.wikimedia_cache import WikimediaCache

log = structlog.get_logger()


def start(session: SparkSession, driver: Driver) -> Job:
    """Begin the query where the ledger stands."""
    spec, settings = driver.file.spec, driver.file.settings
    found = begin(driver, QUERY, spec.topic, settings)
    stands = found.stands
    folder = choose_checkpoint(driver.file.checkpoints / QUERY, {spec.topic: stands})
    cache = build_cache(driver)
    if cache:
        driver.on_beat(cache.mend)
    group = GroupCommit(spec.name, spec.topic, lambda: group_consumer(settings, spec.name))
    group.tell(stands)
    group.start()
    start_prober(spec, lambda: ConfirmedProducer(settings), driver.control.stop)
    options = source_options(settings, spec, stands)
    batch = CountBatch(driver, folder, options, cache, group, found.incarnation)
    query = (
        session.readStream.format("kafka")
        .options(**options)
        .load()
        .select("partition", "offset", "value")
        .writeStream.queryName(QUERY)
        .option("checkpointLocation", str(folder))
        .trigger(processingTime=f"{spec.trigger_ms} milliseconds")
        .foreachBatch(batch)
        .start()
    )
    log.info("counting", stream=spec.name, epoch=driver.epoch, since=stands)
    return Job(query=query, failure=lambda: batch.failure)


def build_cache(driver: Driver) -> CacheKeeper | None:
    """The cache of this stream; None when it declares none."""
    prefix, settings = driver.file.spec.cache, driver.file.settings
    if prefix is None:
        return None
    redis = connect_redis(settings.redis_address, settings.redis_password_path)
    return CacheKeeper(WikimediaCache(redis, prefix=prefix), driver.epoch, driver.connect)


if __name__ == "__main__":
    run_driver(start)
