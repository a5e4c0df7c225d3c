"""Prometheus, Alertmanager and the exporters, from the system's packages where they are installed.

Wanted by WEIR_MONITORING. A platform that was started with them keeps showing them to a shell
that does not have the setting.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import psutil

from weir.ops.streams import load_streams
from weir.platform.component import Component, pid_file
from weir.platform.exporters import PORTS, exporters
from weir.platform.layout import Layout
from weir.platform.prometheus_config import local_jobs, prometheus_config
from weir.platform.secrets import write_private
from weir.platform.services import answers
from weir.ports import Port
from weir.settings import REPO

MONITORING = REPO / "monitoring"
RULES = MONITORING / "prometheus" / "rules" / "*.yml"
ALERTMANAGER = MONITORING / "alertmanager" / "alertmanager.yml"
# Debian's name first, then the name of the project's own release.
PROGRAMS = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "exporter-host": ("prometheus-node-exporter", "node_exporter"),
    "exporter-postgres": ("prometheus-postgres-exporter", "postgres_exporter"),
    "exporter-redis": ("prometheus-redis-exporter", "redis_exporter"),
}
NEEDED = ("prometheus", "alertmanager")
INSTALL = (
    "apt-get install prometheus prometheus-alertmanager prometheus-node-exporter "
    "prometheus-postgres-exporter prometheus-redis-exporter, and stop the copies that the "
    "packages start (systemctl disable --now prometheus prometheus-alertmanager …)"
)


def installed() -> dict[str, str]:
    """Path of each program that is there, by the name of its component."""
    found = {}
    for name, programs in PROGRAMS.items():
        if path := next(filter(None, map(shutil.which, programs)), None):
            found[name] = path
    return found


def components(layout: Layout) -> list[Component]:
    """What is wanted and installed; nothing without WEIR_MONITORING."""
    if not (layout.settings.monitoring or runs(layout)):
        return []
    programs = installed()
    found = exporters(layout, programs)
    if any(name not in programs for name in NEEDED):
        return found
    watch = Watch(layout)
    return [
        *found,
        watch.alertmanager(programs["alertmanager"]),
        watch.prometheus(programs["prometheus"]),
    ]


def runs(layout: Layout) -> bool:
    """Whether this copy's Prometheus lives."""
    try:
        pid = int(pid_file(layout, "prometheus").read_text())
        return psutil.Process(pid).environ().get("WEIR_INSTANCE") == layout.instance
    except (OSError, ValueError, psutil.Error):
        return False


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often Prometheus looks, and which files decide; a test makes both quicker."""

    every_seconds: float = 15
    rules: str = str(RULES)
    alertmanager: str = str(ALERTMANAGER)


@dataclass(frozen=True)
class Watch:
    """Prometheus and Alertmanager of one layout."""

    layout: Layout
    pace: Pace = Pace()

    def prometheus(self, program: str) -> Component:
        """Keeps the metrics of 15 days, at most 1 GB."""
        port = self.layout.settings.port(Port.PROMETHEUS)
        folder = self.layout.data / "prometheus"
        return Component(
            name="prometheus",
            argv=[
                *(program, f"--config.file={self._config_file}"),
                f"--storage.tsdb.path={folder}",
                *("--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=1GB"),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            port=port,
            healthy=lambda: is_ready(port),
            prepare=self._write_config,
        )

    def alertmanager(self, program: str) -> Component:
        """One of its kind: it looks for no others of a cluster."""
        port = self.layout.settings.port(Port.ALERTMANAGER)
        return Component(
            name="alertmanager",
            argv=[
                *(program, f"--config.file={self.pace.alertmanager}"),
                f"--storage.path={self.layout.data / 'alertmanager'}",
                *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
            ],
            port=port,
            healthy=lambda: is_ready(port),
        )

    @property
    def _config_file(self) -> str:
        return str(self.layout.run / "prometheus.yml")

    def _write_config(self) -> None:
        there = installed()
        ports = {name.removeprefix("exporter-"): PORTS[name] for name in PORTS if name in there}
        jobs = local_jobs(self.layout, streams=len(load_streams()), exporters=ports)
        text = prometheus_config(
            jobs,
            rules=self.pace.rules,
            alertmanager=f"127.0.0.1:{self.layout.settings.port(Port.ALERTMANAGER)}",
            every_seconds=self.pace.every_seconds,
        )
        write_private(self.layout.run / "prometheus.yml", text)


def is_ready(port: int) -> bool:
    """Whether Prometheus or Alertmanager takes questions."""
    return answers(f"http://127.0.0.1:{port}/-/ready")
