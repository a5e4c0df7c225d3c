"""What stands in the way of a start, each with the way out."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from weir.errors import SettingError, WeirError
from weir.platform import monitoring, unprivileged
from weir.platform.component import Component
from weir.platform.java import find_java
from weir.platform.kafka import brokers_file
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor

LEAST_FREE_MEMORY_MB = 2500
AIRFLOW_MEMORY_MB = 1000
LEAST_FREE_DISK_MB = 3000
BYTES_PER_MB = 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One check: `problem` is empty when all is well."""

    check: str
    fact: str
    problem: str = ""
    way_out: str = ""


def in_use(port: int) -> bool:
    """Whether something listens on the loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def check_java(_layout: Layout) -> Finding:
    """Java 17 or newer."""
    try:
        return Finding("java", find_java())
    except SettingError as error:
        return Finding("java", "not usable", error.what, error.hint)


def check_pyspark(_layout: Layout) -> Finding:
    """pyspark and pyspark-client own the same folder: different versions break each other."""
    full, client = metadata.version("pyspark"), metadata.version("pyspark-client")
    problem = "" if full == client else f"pyspark is {full} but pyspark-client is {client}"
    return Finding("pyspark", full, problem, "make clean-env setup")


def check_jars(layout: Layout) -> Finding:
    """The broker's and the connector's jars are there."""
    empty = [f for f in (layout.kafka_jars, layout.spark_jars) if not any(f.glob("*.jar"))]
    problem = f"no jars in {empty[0]}" if empty else ""
    return Finding("jars", str(layout.kafka_jars.parent), problem, "make clean-env setup")


def check_memory(components: Sequence[Component]) -> Finding:
    """Enough memory for what shall be started."""
    with_airflow = any(c.name.startswith("airflow-") for c in components)
    least = LEAST_FREE_MEMORY_MB + (AIRFLOW_MEMORY_MB if with_airflow else 0)
    free = psutil.virtual_memory().available // BYTES_PER_MB
    problem = "" if free >= least else f"{free} MB of memory are free"
    way_out = f"free {least} MB"
    if with_airflow:
        way_out += f", or {LEAST_FREE_MEMORY_MB} MB and WEIR_AIRFLOW=0 (without Airflow)"
    return Finding("memory", f"{free} MB free", problem, way_out)


def check_disk(layout: Layout) -> Finding:
    """Enough disk for data and logs."""
    existing = next(p for p in (layout.home, *layout.home.parents) if p.exists())
    free = shutil.disk_usage(existing).free // BYTES_PER_MB
    problem = "" if free >= LEAST_FREE_DISK_MB else f"{free} MB of disk are free at {existing}"
    return Finding(
        "disk", f"{free} MB free", problem, f"free {LEAST_FREE_DISK_MB} MB or set WEIR_HOME"
    )


def check_home(layout: Layout) -> Finding:
    """The data folder is of this version, and its name is one that Kafka can use."""
    if "," in str(layout.home):
        return Finding("home", str(layout.home), "its path has a comma", "set WEIR_HOME")
    try:
        layout.create()
    except (WeirError, OSError) as error:
        hint = error.hint if isinstance(error, WeirError) else "set WEIR_HOME"
        return Finding("home", str(layout.home), str(error).split("\n")[0], hint)
    return Finding("home", str(layout.home))


def check_secrets(layout: Layout) -> Finding:
    """Nobody else may read the secrets."""
    open_files = [p for p in _files(layout.secrets) if p.stat().st_mode & 0o077]
    problem = f"{open_files[0]} can be read by others" if open_files else ""
    return Finding("secrets", str(layout.secrets), problem, f"chmod -R go= '{layout.secrets}'")


def check_brokers(layout: Layout) -> Finding:
    """The number of brokers is part of the data: a quorum of one does not become one of three."""
    wanted, file = layout.settings.kafka_brokers, brokers_file(layout)
    made_for = int(file.read_text()) if file.exists() else wanted
    problem = ""
    if made_for != wanted:
        problem = f"WEIR_KAFKA_BROKERS is {wanted}, but {layout.home} was made for {made_for}"
    way_out = f"WEIR_KAFKA_BROKERS={made_for}, or another WEIR_HOME for {wanted}"
    return Finding("brokers", str(wanted), problem, way_out)


def check_postgres_place(layout: Layout) -> Finding:
    """Where PostgreSQL lives; as root its user may not reach the data folder."""
    if not unprivileged.needed():
        return Finding("postgres", f"runs as this user, data in {layout.postgres_root}")
    user = layout.settings.run_as
    moved = "" if layout.postgres_root == layout.data else f" ({layout.home} is closed to it)"
    return Finding("postgres", f"runs as {user}, data in {layout.postgres_root}{moved}")


def check_monitoring(layout: Layout) -> Finding:
    """Prometheus and Alertmanager are there when they are wanted; exporters are used if there."""
    there = monitoring.installed()
    fact = f"installed: {', '.join(there) or 'nothing'}"
    missing = [name for name in monitoring.NEEDED if name not in there]
    wanted = layout.settings.monitoring
    problem = f"WEIR_MONITORING is on, and {missing[0]} is missing" if wanted and missing else ""
    return Finding("monitoring", fact, problem, monitoring.INSTALL)


CHECKS: tuple[Callable[[Layout], Finding], ...] = (
    check_java,
    check_pyspark,
    check_jars,
    check_disk,
    check_home,
    check_secrets,
    check_brokers,
    check_postgres_place,
    check_monitoring,
)


def check_ports(components: Sequence[Component]) -> list[Finding]:
    """One finding per port that something else holds."""
    return [
        Finding(
            f"port {c.port}",
            "in use",
            f"port {c.port} of {c.name} is in use by another program",
            "stop that program, or shift all of Weir's ports: WEIR_PORT_BASE=10000",
        )
        for c in components
        if c.port and in_use(c.port)
    ]


def examine(layout: Layout, components: Sequence[Component]) -> list[Finding]:
    """Every check; memory and ports only while this copy does not run and hold them itself."""
    findings = [check(layout) for check in CHECKS]
    if Supervisor(layout).alive():
        return [*findings, Finding("platform", "running")]
    return [*findings, check_memory(components), *check_ports(components)]


def refuse_what_cannot_start(layout: Layout, components: Sequence[Component]) -> None:
    """Raise SettingError naming every problem, before anything is started."""
    needs = (check_memory(components), *check_ports(components))
    bad = [f for f in (*(c(layout) for c in CHECKS), *needs) if f.problem]
    if bad:
        text = "; ".join(f.problem for f in bad)
        raise SettingError(text, "; ".join(dict.fromkeys(f.way_out for f in bad)))


def _files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()] if folder.exists() else []
