"""One local Spark session for all tests of data frames."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from tests.support.local_spark import local_session


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Local Spark with the settings that the streams pin."""
    session = local_session()
    yield session
    session.stop()
