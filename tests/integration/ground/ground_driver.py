"""A driver of some lines: says who it is in a file, and ends as it is told.

Arguments: RECORD (a file, one JSON line per start) and what to do:
exit:N, session-exit:N, stay (session and an idle query, until a file RECORD.drain exists).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.lib.control import Control
from spark_jobs.lib.orphan import end_with_parent
from spark_jobs.lib.session import PINNED
from weir.platform.layout import Layout
from weir.platform.spark import in_one_line, java_options
from weir.settings import Settings


def note(record: Path, **facts: object) -> None:
    """Append one line; a reader never sees half of it."""
    with record.open("a") as file:
        file.write(json.dumps(facts) + "\n")


def main() -> None:
    end_with_parent()
    record, what = Path(sys.argv[1]), sys.argv[2]
    note(record, what="begun", python=os.getpid(), jvm=os.getppid(), env=dict(os.environ))
    verb, _, code = what.partition(":")
    if verb == "exit":
        sys.exit(int(code))
    builder = SparkSession.builder.appName("ground")
    for key, value in PINNED.items():
        builder = builder.config(key, value)
    quick = in_one_line(java_options(Layout(Settings(_env_file=None))))
    session = builder.config("spark.executor.extraJavaOptions", quick).getOrCreate()
    total = session.range(100).selectExpr("sum(id) as total").collect()[0]["total"]
    note(record, what="session", total=total, app=session.sparkContext.applicationId)
    if verb == "session-exit":
        os._exit(int(code))
    idle = record.with_suffix(".idle")
    idle.mkdir(exist_ok=True)
    control = Control()

    def each(batch: DataFrame, batch_id: int) -> None:
        with control.batch():
            note(record, what="batch", rows=batch.count(), batch_id=batch_id)

    query = (
        session.readStream.text(str(idle))
        .writeStream.foreachBatch(each)
        .option("checkpointLocation", str(record.with_suffix(".checkpoint")))
        .trigger(processingTime="200 milliseconds")
        .start()
    )
    note(record, what="query")
    while not control.stop_between_batches(query.stop):
        if record.with_suffix(".drain").exists():
            control.stop.set()
        query.awaitTermination(0.1)
    note(record, what="drained")
    session.stop()


if __name__ == "__main__":
    main()
