"""Recommendations for who asks, from what all search; see docs/domains/market_recommend.md."""

from __future__ import annotations

import structlog
from pyspark.sql import SparkSession

from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.prober import start_prober
from spark_jobs.lib.wait_for_kafka import first_offsets_patiently
from spark_jobs.market_recommend.batch import RecommendBatch
from spark_jobs.promo_join.main import source_of
from spark_jobs.promo_join.schema import Input
from spark_jobs.window_counts.main import choose_checkpoint
from weir.errors import SettingError
from weir.kafka.cluster import main_cluster
from weir.kafka.producer import ConfirmedProducer
from weir.market.recommend_batch import QUERY
from weir.ops import failpoint, ledger
from weir.ops.streams import RecommendSpec

log = structlog.get_logger()


def start(session: SparkSession, driver: Driver) -> Job:
    """Begin the query where the ledger stands, in both topics."""
    spec, settings = driver.file.spec, driver.file.settings
    if not isinstance(spec, RecommendSpec):
        raise SettingError(f"{spec.name} is no stream of recommendations", "include/streams.yaml")
    failpoint.arm(settings, with_parent=True)
    inputs = tuple(
        Input(topic=topic, settings=settings, cluster=main_cluster(settings))
        for topic in (spec.topic, spec.searches_topic)
    )
    stands = {source.topic: begin(driver, source) for source in inputs}
    options = {source.topic: source.options(spec, stands[source.topic]) for source in inputs}
    folder = choose_checkpoint(driver.file.checkpoints / QUERY, stands)
    batch = RecommendBatch(driver, folder, inputs, options, spec.answers_topic)
    start_prober(spec, lambda: ConfirmedProducer(settings), driver.control.stop, topic=spec.topic)
    query = (
        source_of(session, options)
        .writeStream.queryName(QUERY)
        .option("checkpointLocation", str(folder))
        .trigger(processingTime=f"{spec.trigger_ms} milliseconds")
        .foreachBatch(batch)
        .start()
    )
    log.info("recommending", stream=spec.name, epoch=driver.epoch, since=stands)
    return Job(query=query, failure=lambda: batch.failure)


def begin(driver: Driver, source: Input) -> dict[int, int]:
    """Where the ledger stands in this topic; its beginning at the first start."""
    place = ledger.Place(stream=driver.file.stream, query=QUERY, topic=source.topic)
    first = first_offsets_patiently(source.settings, source.topic, driver.control.stop)
    with driver.connect() as connection:
        stands = ledger.begin_offsets(connection, place, first)
    ledger.refuse_loss(place, stands, first)
    return stands


if __name__ == "__main__":
    run_driver(start)
