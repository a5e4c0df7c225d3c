"""What tutorials show: Spark's defaults, a stateful window, rows upserted one by one.

Arguments: BOOTSTRAP TOPIC DSN_FILE CHECKPOINT.
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

UPSERT = (
    'insert into bench.tutorial_minute (window_start, "user", messages) values (%s, %s, %s)'
    ' on conflict (window_start, "user") do update set messages = excluded.messages'
)


def main() -> None:
    bootstrap, topic, dsn_file, checkpoint = sys.argv[1:]
    spark = SparkSession.builder.appName("tutorial").getOrCreate()
    messages = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", bootstrap)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("kafka.isolation.level", "read_committed")
        .load()
    )
    schema = "id long, user string, ts timestamp, text string"
    events = messages.select(
        F.from_json(F.col("value").cast("string"), schema).alias("event")
    ).select("event.*")
    counts = (
        events.withWatermark("ts", "60 minutes")
        .groupBy(F.window("ts", "1 minute"), "user")
        .count()
        .select("window.start", "user", "count")
    )

    def upsert(batch: DataFrame, _: int) -> None:
        with psycopg.connect(Path(dsn_file).read_text().strip()) as connection:
            rows = [tuple(row) for row in batch.collect()]
            if rows:
                connection.cursor().executemany(UPSERT, rows)

    counts.writeStream.outputMode("update").foreachBatch(upsert).option(
        "checkpointLocation", Path(checkpoint).as_uri()
    ).start().awaitTermination()


if __name__ == "__main__":
    main()
