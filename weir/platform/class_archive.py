"""A class archive of the JVM for Spark: its processes start with half the work.

Loading and checking some 15,000 classes is most of what a young Spark process does. An archive
(class data sharing, https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html) is
mapped instead, for some 40 MB more memory per process. It fits every JVM of the same Java whose
class path begins alike; any other goes on without it, so it is never needed and may be deleted.

`python -m weir.platform.class_archive` makes it anew; `bin/setup` does that once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from weir.errors import Unavailable, WeirError
from weir.platform.java import find_java
from weir.platform.layout import Layout
from weir.platform.spark import Spark, java_options, spark_class_path
from weir.settings import REPO, Settings

TRAINING = REPO / "spark_jobs" / "lib" / "training.py"
SECONDS = 240.0


def make_archive(layout: Layout) -> Path:
    """Run a small job, archive the classes it loaded; the file, whole or not at all.

    Raises Unavailable with the last words of the JVM.
    """
    unfinished = layout.class_archive.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    layout.class_archive.unlink(missing_ok=True)
    command = [
        *(find_java(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        *(f"-XX:ArchiveClassesAtExit={unfinished}", *java_options(layout)),
        *("-cp", spark_class_path(layout), "-Dspark.master=local[1]", "-Dspark.app.name=training"),
        *("-Dspark.submit.pyFiles=", "org.apache.spark.deploy.PythonRunner", str(TRAINING), ""),
    ]
    python = {"PYSPARK_PYTHON": str(layout.python), "PYSPARK_DRIVER_PYTHON": str(layout.python)}
    scratch = {"SPARK_LOCAL_DIRS": str(layout.environment / "spark-training")}
    try:
        done = subprocess.run(
            command,
            env=os.environ | Spark(layout).env | python | scratch,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"the training of the class archive took over {SECONDS:.0f} s") from error
    if done.returncode or not unfinished.exists():
        raise Unavailable(f"no class archive was made: {(done.stdout + done.stderr)[-800:]}")
    return unfinished.rename(layout.class_archive)


if __name__ == "__main__":
    try:
        make_archive(Layout(Settings(_env_file=None)))
    except WeirError as error:
        sys.exit(error.what)
