"""Spark standalone: a master that remembers its drivers on disk, and workers with task slots."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx

from weir.platform.component import Component
from weir.platform.java import find_java
from weir.platform.layout import Layout
from weir.platform.secrets import write_private
from weir.ports import Port

OPENED_PACKAGES = (
    *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio"),
    *("java.util", "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref"),
    *("sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar"),
)
METRICS = {
    f"spark.metrics.conf.{instance}.{name}": value
    for instance, name, value in (
        ("*", "sink.prometheusServlet.class", "org.apache.spark.metrics.sink.PrometheusServlet"),
        ("*", "sink.prometheusServlet.path", "/metrics/prometheus"),
        ("*", "source.jvm.class", "org.apache.spark.metrics.source.JvmSource"),
        ("master", "sink.prometheusServlet.path", "/metrics/master/prometheus"),
        ("applications", "sink.prometheusServlet.path", "/metrics/applications/prometheus"),
    )
}
COMMON = METRICS | {
    "spark.ui.killEnabled": "false",
    # How long a master waits for a worker, and four times what a worker waits between two signs
    # of life: given to the master alone, workers would send one each 15 s only.
    "spark.worker.timeout": "20",
}
MASTER_PROPERTIES = COMMON | {
    # Without a recovery mode a restart of the master kills every driver 18 s later.
    "spark.deploy.recoveryMode": "ROCKSDB",
    # The REST port knows no login: anyone who reaches it could kill or submit.
    "spark.master.rest.enabled": "false",
}
WORKER_PROPERTIES = COMMON | {
    "spark.worker.cleanup.enabled": "true",
    "spark.worker.cleanup.appDataTtl": "86400",
    # While it waits for a killed driver to end, a worker sends no sign of life; the default of
    # 10 s is half of what the master waits, and the driver would be submitted anew.
    "spark.worker.driverTerminateTimeout": "4s",
}


def spark_class_path(layout: Layout) -> str:
    """The class path that Spark's worker gives to drivers and executors, for all its processes.

    Written alike, since a class archive fits only those that begin with the same text.
    """
    jars = layout.spark_home / "jars"
    first = [f"{layout.spark_jars}/*", str(layout.spark_home / "conf")]
    return ":".join([*first, *map(str, jars.glob("slf4j-api-*.jar")), f"{jars}/*"])


def shared_classes(archive: Path) -> list[str]:
    """Options to start from the class archive, silently without it where it does not fit."""
    if not archive.exists():
        return []
    quiet = [f"-Xlog:{part}=off" for part in ("cds", "cds+dynamic", "class+path")]
    return [f"-XX:SharedArchiveFile={archive}", *quiet]


def java_options(layout: Layout) -> list[str]:
    """What Spark's own scripts give Java 17, so that no shell script is needed, and the user's."""
    opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED_PACKAGES]
    return [
        *("-XX:+IgnoreUnrecognizedVMOptions", "--add-modules=jdk.incubator.vector", *opened),
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-Dio.netty.tryReflectionSetAccessible=true",
        *shared_classes(layout.class_archive),
        *layout.settings.java_options.split(),
    ]


def in_one_line(options: list[str]) -> str:
    """Options as Spark wants them in one property; a path may hold spaces."""
    return " ".join(f'"{option}"' if " " in option else option for option in options)


@dataclass(frozen=True)
class Spark:
    """The local cluster of one layout."""

    layout: Layout

    def _argv(self, heap_mb: int, main: str, *arguments: str) -> list[str]:
        return [
            *(find_java(), f"-Xmx{heap_mb}m", *java_options(self.layout)),
            *("-cp", spark_class_path(self.layout), main, *arguments),
        ]

    @property
    def env(self) -> dict[str, str]:
        return {
            "SPARK_HOME": str(self.layout.spark_home),
            "SPARK_SCALA_VERSION": "2.13",
            "SPARK_LOCAL_IP": "127.0.0.1",  # also binds the web UIs to loopback
            "SPARK_LOCAL_DIRS": str(self.layout.data / "spark" / "scratch"),
        }

    def _properties(self, name: str, values: dict[str, str]) -> Path:
        path = self.layout.run / f"{name}.conf"
        write_private(path, "".join(f"{key} {value}\n" for key, value in values.items()))
        return path

    def master(self) -> Component:
        settings = self.layout.settings
        ui = settings.port(Port.SPARK_MASTER_UI)
        return Component(
            name="spark-master",
            argv=self._argv(
                256,
                "org.apache.spark.deploy.master.Master",
                *("--host", "127.0.0.1", "--port", str(settings.port(Port.SPARK_MASTER))),
                *("--webui-port", str(ui), "--properties-file"),
                str(self.layout.run / "spark-master.conf"),
            ),
            port=settings.port(Port.SPARK_MASTER),
            env=self.env,
            healthy=lambda: self.state().get("status") == "ALIVE",
            prepare=self._prepare_master,
        )

    def _prepare_master(self) -> None:
        """A start of the whole platform begins with an empty cluster: nothing runs any more.

        A master that the supervisor starts again does not come through here and recovers.
        """
        recovery = self.layout.data / "spark" / "recovery"
        shutil.rmtree(recovery, ignore_errors=True)
        recovery.mkdir(parents=True, mode=0o700, exist_ok=True)
        where = {"spark.deploy.recoveryDirectory": str(recovery)}
        self._properties("spark-master", MASTER_PROPERTIES | where)

    def worker(self, index: int) -> Component:
        settings = self.layout.settings
        name = "spark-worker" if settings.spark_workers == 1 else f"spark-worker-{index + 1}"
        pages = settings.port(Port.SPARK_WORKER_UI, index)
        work = self.layout.data / "spark" / f"work-{index + 1}"
        return Component(
            name=name,
            argv=self._argv(
                256,
                "org.apache.spark.deploy.worker.Worker",
                # Any free port: at the port of a dead worker, a recovering master would take this
                # one for it, refuse its answer, and never let it register (Spark 4.2.0).
                *("--host", "127.0.0.1", "--port", "0", "--webui-port", str(pages)),
                *("--cores", str(settings.spark_worker_cores)),
                *("--memory", f"{settings.spark_worker_memory_mb}m"),
                *("--work-dir", str(work)),
                *("--properties-file", str(self.layout.run / f"{name}.conf")),
                settings.spark_master_url,
            ),
            port=pages,
            env=self.env,
            after=("spark-master",),
            healthy=lambda: self._registered(pages),
            prepare=lambda: self._prepare_worker(name, work),
        )

    def _prepare_worker(self, name: str, work: Path) -> None:
        work.mkdir(parents=True, exist_ok=True)
        (self.layout.data / "spark" / "scratch").mkdir(exist_ok=True)
        self._properties(name, WORKER_PROPERTIES)

    def state(self) -> dict[str, object]:
        """The master's own view; empty while it does not answer."""
        try:
            answer = httpx.get(f"{self.layout.settings.spark_master_ui_url}/json/", timeout=2)
            return dict(answer.json()) if answer.is_success else {}
        except (httpx.HTTPError, ValueError):
            return {}

    def _registered(self, pages: int) -> bool:
        workers = self.state().get("workers")
        return isinstance(workers, list) and any(
            str(w.get("webuiaddress")).endswith(f":{pages}") and w.get("state") == "ALIVE"
            for w in workers
        )
