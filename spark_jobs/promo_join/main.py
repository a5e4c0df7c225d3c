"""Campaigns × subscribers, into PostgreSQL and Kafka, once in both; see docs/domains/promo.md."""

from __future__ import annotations

from functools import reduce

import structlog
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.prober import start_prober
from spark_jobs.lib.wait_for_kafka import first_offsets_patiently
from spark_jobs.promo_join.batch import PromoBatch
from spark_jobs.promo_join.schema import COLUMNS, Input, inputs_of
from spark_jobs.window_counts.main import choose_checkpoint
from weir.kafka.cluster import promo_output, settings_at
from weir.kafka.declared import progress_of
from weir.kafka.identity import fetch_identity
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.transactional import TransactionalPublisher
from weir.ops import failpoint, ledger
from weir.promo.publish import NotificationPublisher, Outlet
from weir.promo.seal import QUERY

log = structlog.get_logger()


def start(session: SparkSession, driver: Driver) -> Job:
    """Publish what a predecessor sealed, then begin the query where the ledger stands."""
    spec, settings = driver.file.spec, driver.file.settings
    failpoint.arm(settings, with_parent=True)
    inputs = inputs_of(settings)
    stands = {source.topic: begin(driver, source) for source in inputs}
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


def begin(driver: Driver, source: Input) -> dict[int, int]:
    """Where the ledger stands in this topic; its beginning at the first start."""
    place = ledger.Place(stream=driver.file.stream, query=QUERY, topic=source.topic)
    first = first_offsets_patiently(source.settings, source.topic, driver.control.stop)
    with driver.connect() as connection:
        stands = ledger.begin_offsets(connection, place, first)
    ledger.refuse_loss(place, stands, first)
    return stands


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
