"""Become Spark's master or a worker in a container: `python docker/spark.py master|worker HOST`.

The same program, options and properties as the local platform; only the addresses differ.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from weir.platform.java import find_java
from weir.platform.layout import Layout
from weir.platform.secrets import write_private
from weir.platform.spark import MASTER_PROPERTIES, WORKER_PROPERTIES, java_options, spark_class_path
from weir.ports import Port
from weir.settings import load_settings

# In the container's own file system: kept by a restart of the master, gone with `compose down`,
# so that a start of everything begins with an empty cluster.
FOLDER = Path("/tmp/weir-spark")
HEAP_MB = 256


def command(role: str, host: str, layout: Layout, folder: Path) -> tuple[list[str], dict[str, str]]:
    """The argv and the extra environment of `master` or `worker` on `host`."""
    settings = layout.settings
    conf = folder / f"{role}.conf"
    where = ["--host", host, "--properties-file", str(conf)]
    if role == "master":
        properties = MASTER_PROPERTIES | {
            "spark.deploy.recoveryDirectory": str(folder / "recovery")
        }
        ports = [settings.port(Port.SPARK_MASTER), settings.port(Port.SPARK_MASTER_UI)]
        words: list[str] = []
    else:
        properties = WORKER_PROPERTIES
        ports = [0, settings.port(Port.SPARK_WORKER_UI)]  # 0: see weir/platform/spark.py
        words = [
            *("--cores", str(settings.spark_worker_cores)),
            *("--memory", f"{settings.spark_worker_memory_mb}m"),
            *("--work-dir", str(folder / "work"), settings.spark_master_url),
        ]
    for name in ("recovery", "work", "scratch"):
        (folder / name).mkdir(parents=True, mode=0o700, exist_ok=True)
    write_private(conf, "".join(f"{key} {value}\n" for key, value in properties.items()))
    numbers = [str(port) for port in ports]
    argv = [
        *(find_java(), f"-Xmx{HEAP_MB}m", *java_options(layout)),
        *("-cp", spark_class_path(layout)),
        f"org.apache.spark.deploy.{role}.{role.title()}",
        *("--port", numbers[0], "--webui-port", numbers[1], *where, *words),
    ]
    extra = {
        "SPARK_HOME": str(layout.spark_home),
        "SPARK_SCALA_VERSION": "2.13",
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
    }
    return argv, extra


if __name__ == "__main__":
    argv, extra = command(sys.argv[1], sys.argv[2], Layout(load_settings()), FOLDER)
    os.execve(argv[0], argv, os.environ | extra)
