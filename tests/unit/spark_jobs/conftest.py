"""One local Spark session for all tests of data frames."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from spark_jobs.lib.session import PINNED
from weir.platform.layout import Layout
from weir.platform.spark import in_one_line, java_options
from weir.settings import Settings


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Local Spark with the settings that the streams pin."""
    layout = Layout(Settings(_env_file=None))
    quick = in_one_line([*java_options(layout), "-XX:TieredStopAtLevel=1"])
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for key, value in PINNED.items():
        builder = builder.config(key, value)
    session = (
        builder.config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.extraClassPath", f"{layout.spark_jars}/*")
        .config("spark.driver.extraJavaOptions", quick)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()
