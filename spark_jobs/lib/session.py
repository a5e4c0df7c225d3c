"""The Spark settings of every stream, in one place, each with its reason.

What the driver's JVM must know before code runs (heaps, class path, python) is in
weir/ops/launch.py; measured effects are in benchmarks/results/window_counts.md.
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from weir.ops.streams import StreamSpec
from weir.platform.layout import Layout
from weir.platform.spark import METRICS, in_one_line, java_options
from weir.ports import Port
from weir.settings import Settings

PINNED = METRICS | {
    # Correctness. Panes are cut in UTC.
    "spark.sql.session.timeZone": "UTC",
    # With it on, selecting only the corrupt column of from_json can return null for bad JSON.
    "spark.sql.optimizer.enableJsonExpressionOptimization": "false",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    # Speed of small batches: the plan is known, planning it anew between stages only costs.
    "spark.sql.adaptive.enabled": "false",
    "spark.locality.wait": "0s",
    # Memory and disk of a driver that runs for months.
    "spark.sql.streaming.numRecentProgressUpdates": "5",
    "spark.sql.streaming.minBatchesToRetain": "10",
    "spark.sql.streaming.ui.retainedProgressUpdates": "20",
    "spark.sql.ui.retainedExecutions": "20",
    "spark.ui.retainedJobs": "50",
    "spark.ui.retainedStages": "50",
    "spark.ui.retainedTasks": "500",
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.killEnabled": "false",
    "spark.ui.prometheus.enabled": "true",
    "spark.eventLog.enabled": "false",
    "spark.log.level": "WARN",
    "spark.redaction.regex": "(?i)secret|passw|token|credential|jaas|dsn|pgpass|api[._-]?key",
    "spark.redaction.string.regex": "://[^@/]*:[^@/]*@",
}
EXECUTOR_JAVA = (
    # Throughput before pauses; a batch that waits 50 ms harms nobody.
    "-XX:+UseParallelGC",
    "-XX:ParallelGCThreads=2",
)


def session_properties(settings: Settings, spec: StreamSpec) -> dict[str, str]:
    """All properties that the session of this stream sets."""
    return PINNED | {
        # 200 by default: four times slower on counts of this size.
        "spark.sql.shuffle.partitions": str(spec.resources.shuffle_partitions),
        "spark.executor.extraJavaOptions": in_one_line(
            [*java_options(Layout(settings)), *EXECUTOR_JAVA]
        ),
        # Metrics are named by the stream: an application's id changes at each start.
        "spark.metrics.namespace": spec.name,
        "spark.ui.port": str(settings.port(Port.SPARK_DRIVER_UI)),
    }


def build_session(settings: Settings, spec: StreamSpec) -> SparkSession:
    """The session of a stream; the application's name is the stream's."""
    builder = SparkSession.builder.appName(spec.name)
    for key, value in session_properties(settings, spec).items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
