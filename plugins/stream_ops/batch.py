"""The operator of a batch on the Spark cluster: bounded work that ends, as the provider runs it.

Unlike a stream it holds a worker slot: its driver is a child of the task, so clearing the task or
marking it failed ends it. Where Spark is, and what a driver needs, is found out when it runs.
"""

from __future__ import annotations

import os
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context

from weir.ops.batch import batch_environment, batch_properties
from weir.platform.layout import Layout
from weir.settings import REPO, Settings, load_settings


class SparkBatchOperator(SparkSubmitOperator):
    """Run the program of `spark_jobs/` at `path` to its end; red when its exit code is not 0."""

    def __init__(self, *, path: str, memory_mb: int = 640, cores: int = 2, **kwargs: Any) -> None:
        super().__init__(
            application=str(REPO / "spark_jobs" / path),
            deploy_mode="client",
            driver_memory=f"{memory_mb}m",
            executor_memory=f"{memory_mb}m",
            total_executor_cores=cores,
            executor_cores=cores,
            **kwargs,
        )

    def execute(self, context: Context) -> None:
        """Submit it and wait for its end."""
        self.prepare(load_settings())
        super().execute(context)

    def prepare(self, settings: Settings) -> None:
        """What the client and the driver must know; paths and sizes, never a secret."""
        layout = Layout(settings)
        self.conf = {**batch_properties(layout), **(self.conf or {})}
        self.env_vars = batch_environment(layout, os.environ)
