"""What a batch of Spark is given that ends by itself: class path and Python, in client mode."""

from __future__ import annotations

from collections.abc import Mapping

from weir.ops.launch import client_environment
from weir.platform.layout import Layout
from weir.platform.spark import in_one_line, java_options
from weir.settings import REPO


def batch_properties(layout: Layout) -> dict[str, str]:
    """Spark's properties; paths only, never a secret: they are seen in `ps`."""
    jars = f"{layout.spark_jars}/*"
    log_file = (REPO / "include" / "spark" / "log4j2.properties").as_uri()
    options = [*java_options(layout), f"-Dlog4j2.configurationFile={log_file}"]
    return {
        "spark.driver.extraClassPath": jars,
        "spark.driver.extraJavaOptions": in_one_line(options),
        "spark.executor.extraClassPath": jars,
        "spark.pyspark.python": str(layout.python),
        "spark.pyspark.driver.python": str(layout.python),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def batch_environment(layout: Layout, inherited: Mapping[str, str]) -> dict[str, str]:
    """Beside the environment of the task: where Spark is, first of all its own `spark-submit`."""
    given = client_environment(layout, {})
    found = inherited.get("PATH", "/usr/bin:/bin")
    return given | {"PATH": f"{layout.environment / 'bin'}:{found}"}
