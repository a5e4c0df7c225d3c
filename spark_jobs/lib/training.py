"""A job that does what streams do, so that the classes they need are loaded; see class_archive."""

from __future__ import annotations

import tempfile

from pyspark.sql import DataFrame, SparkSession

KAFKA_CLASSES = (
    "org.apache.spark.sql.kafka010.KafkaSourceProvider",
    "org.apache.spark.sql.kafka010.KafkaMicroBatchStream",
    "org.apache.spark.sql.kafka010.KafkaBatchPartitionReader",
    "org.apache.spark.sql.kafka010.consumer.KafkaDataConsumer",
    "org.apache.kafka.clients.consumer.KafkaConsumer",
    "org.apache.kafka.clients.admin.KafkaAdminClient",
    "org.apache.kafka.clients.NetworkClient",
    "org.apache.spark.executor.CoarseGrainedExecutorBackend",
    "org.apache.spark.deploy.worker.DriverWrapper",
    "org.apache.spark.deploy.Client",
)


def main() -> None:
    """Count a few JSON messages in one micro-batch, on a cluster of one thread."""
    session = SparkSession.builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    loader = session._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    for name in KAFKA_CLASSES:
        session._jvm.java.lang.Class.forName(name, True, loader)
    counts = (
        session.readStream.format("rate")
        .load()
        .selectExpr("""to_json(named_struct('meta', named_struct('dt', timestamp))) as value""")
        .selectExpr("from_json(value, 'meta struct<dt:timestamp>') as event")
        .selectExpr("date_trunc('minute', event.meta.dt) as minute", "event.meta.dt is null as bad")
        .groupBy("minute")
        .agg({"*": "count", "bad": "max"})
    )
    with tempfile.TemporaryDirectory() as folder:
        query = (
            counts.writeStream.outputMode("update")
            .option("checkpointLocation", folder)
            .trigger(availableNow=True)
            .foreachBatch(collect)
            .start()
        )
        query.awaitTermination()
    session.stop()


def collect(batch: DataFrame, _: int) -> None:
    """Bring the batch to the driver, as a stream does."""
    batch.collect()


if __name__ == "__main__":
    main()
