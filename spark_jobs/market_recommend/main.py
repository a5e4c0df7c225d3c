"""Recommendations for who asks, from what all search; see docs/domains/market_recommend.md."""

from __future__ import annotations

import structlog
from pyspark.sql import SparkSession

from spark_jobs.lib.driver import Driver, Job, run_driver
from spark_jobs.lib.prober import start_prober
from spark_jobs.lib.topics import begin_topics
from spark_jobs.market_recommend.batch import RecommendBatch
from spark_jobs.promo_join.main import source_of
from spark_jobs.promo_join.schema import Input
from weir.errors import SettingError
from weir.kafka.cluster import main_cluster
from weir.kafka.producer import ConfirmedProducer
from weir.market.recommend_batch import QUERY
from weir.ops import failpoint
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
    begun = begin_topics(driver, QUERY, [source.topic for source in inputs])
    # Two sources: many searches to be counted must not hold up a request.
    options = {source.topic: source.options(spec, begun.stands[source.topic]) for source in inputs}
    batch = RecommendBatch(driver, begun, options, spec)
    start_prober(spec, lambda: ConfirmedProducer(settings), driver.control.stop, topic=spec.topic)
    query = (
        source_of(session, options)
        .writeStream.queryName(QUERY)
        .option("checkpointLocation", str(begun.folder))
        .trigger(processingTime=f"{spec.trigger_ms} milliseconds")
        .foreachBatch(batch)
        .start()
    )
    log.info("recommending", stream=spec.name, epoch=driver.epoch, since=begun.stands)
    return Job(query=query, failure=lambda: batch.failure)


if __name__ == "__main__":
    run_driver(start)
