"""Campaigns × subscribers, into PostgreSQL and Kafka, once in both; see docs/domains/promo.md."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import structlog
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.lib.begin import begin, choose_checkpoint
from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.prober import start_prober
from spark_jobs.promo_join.batch import PromoBatch
from spark_jobs.promo_join.schema import COLUMNS, Input, inputs_of
from weir.kafka.cluster import promo_output, settings_at
from weir.kafka.declared import progress_of
from weir.kafka.identity import fetch_identity
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.transactional import TransactionalPublisher
from weir.ops import failpoint
from weir.promo.publish import NotificationPublisher, Outlet
from weir.promo.seal import QUERY

log = structlog.get_logger()


def start(session: SparkSession, driver: Driver) -> Job:
    """Publish what a predecessor sealed, then begin the query where the ledger stands."""
    spec, settings = driver.file.spec, driver.file.settings
    failpoint.arm(settings, with_parent=True)
    inputs, stands = begin_inputs(driver)
    options = {source.topic: source.options(spec, stands[source.topic]) for source in inputs}
    folder = choose_checkpoint(driver.file.checkpoints / QUERY, stands)
    batch = PromoBatch(driver, folder, inputs, options, lambda: open_outlet(driver))
    published = batch.catch_up()
    if published:
        log.warning("published what was sealed before", notifications=published)
    # Into our own topic: a company's is not ours to fill.
    start_prober(
        spec,
        lambda: ConfirmedProducer(settings),
        driver.control.stop,
        topic=settings.promo_wakeups_topic,
    )
    query = (
        source_of(session, options)
        .writeStream.queryName(QUERY)
        .option("checkpointLocation", str(folder))
        .trigger(processingTime=f"{spec.trigger_ms} milliseconds")
        .foreachBatch(batch)
        .start()
    )
    log.info("joining", stream=spec.name, epoch=driver.epoch, since=stands)
    return Job(query=query, failure=lambda: batch.failure)


def begin_inputs(driver: Driver) -> tuple[tuple[Input, ...], dict[str, dict[int, int]]]:
    """The topics, and where the ledger stands in each; its beginning at the first start."""
    sources = inputs_of(driver.file.settings)
    begun = {each.topic: begin(driver, QUERY, each.topic, each.settings) for each in sources}
    inputs = tuple(replace(each, incarnation=begun[each.topic].incarnation) for each in sources)
    return inputs, {topic: found.stands for topic, found in begun.items()}


def open_outlet(driver: Driver) -> NotificationPublisher:
    """The publisher of this stream on the cluster of the output; it fences when it is started."""
    settings = driver.file.settings
    there = settings_at(settings, promo_output(settings))
    stream = driver.file.stream
    publisher = TransactionalPublisher(there, stream, transactional_id=f"{stream}.publisher")
    return NotificationPublisher(
        Outlet(
            stream=stream,
            topic=settings.promo_out_topic,
            publisher=publisher,
            identity=lambda: fetch_identity(there, progress_of(stream)),
        )
    )


def source_of(session: SparkSession, options: dict[str, dict[str, str]]) -> DataFrame:
    """Both topics as one stream of messages."""
    return reduce(
        DataFrame.unionByName,
        (
            session.readStream.format("kafka").options(**each).load().select(*COLUMNS)
            for each in options.values()
        ),
    )


if __name__ == "__main__":
    run_driver(start)
