"""One local Spark session for all tests of data frames, with the settings that the streams pin.

A JVM takes its class path when it starts and stays until the test run is over: whoever asks for
Spark first decides for everybody, so everybody asks here.
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from spark_jobs.lib.session import PINNED
from weir.platform.layout import Layout
from weir.platform.spark import in_one_line, java_options
from weir.settings import Settings


def local_session(shuffle_partitions: int = 2) -> SparkSession:
    """A session on two threads of this machine, with the jars of the streams."""
    layout = Layout(Settings(_env_file=None))
    quick = in_one_line([*java_options(layout), "-XX:TieredStopAtLevel=1"])
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for key, value in PINNED.items():
        builder = builder.config(key, value)
    return (
        builder.config("spark.sql.shuffle.partitions", str(shuffle_partitions))
        .config("spark.driver.extraClassPath", f"{layout.spark_jars}/*")
        .config("spark.driver.extraJavaOptions", quick)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
