"""Prometheus, Alertmanager and the exporters, from the system's packages where they are installed.

Wanted by WEIR_MONITORING. A platform that was started with them keeps showing them to a shell
that does not have the setting.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx
import psutil

from weir.ops.streams import load_streams
from weir.platform.component import Component, pid_file
from weir.platform.layout import Layout
from weir.platform.prometheus_config import local_jobs, prometheus_config
from weir.platform.secrets import keep_password, write_private
from weir.ports import Port
from weir.settings import REPO

MONITORING = REPO / "monitoring"
RULES = MONITORING / "prometheus" / "rules" / "*.yml"
ALERTMANAGER = MONITORING / "alertmanager" / "alertmanager.yml"
# Debian's name first, then the name of the project's own release.
PROGRAMS = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "node-exporter": ("prometheus-node-exporter", "node_exporter"),
    "postgres-exporter": ("prometheus-postgres-exporter", "postgres_exporter"),
    "redis-exporter": ("prometheus-redis-exporter", "redis_exporter"),
}
NEEDED = ("prometheus", "alertmanager")
EXPORTER_PORTS = {
    "node-exporter": Port.NODE_EXPORTER,
    "postgres-exporter": Port.POSTGRES_EXPORTER,
    "redis-exporter": Port.REDIS_EXPORTER,
}
JOB_OF_EXPORTER = {"node-exporter": "host", "postgres-exporter": "postgres"} | {
    "redis-exporter": "redis"
}
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
    made = {
        "node-exporter": _node_exporter,
        "postgres-exporter": _postgres_exporter,
        "redis-exporter": _redis_exporter,
    }
    exporters = [make(layout, programs[name]) for name, make in made.items() if name in programs]
    if any(name not in programs for name in NEEDED):
        return exporters
    watch = Watch(layout)
    return [
        *exporters,
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
        exporters = {
            JOB_OF_EXPORTER[name]: port for name, port in EXPORTER_PORTS.items() if name in there
        }
        jobs = local_jobs(self.layout, streams=len(load_streams()), exporters=exporters)
        text = prometheus_config(
            jobs,
            rules=self.pace.rules,
            alertmanager=f"127.0.0.1:{self.layout.settings.port(Port.ALERTMANAGER)}",
            every_seconds=self.pace.every_seconds,
        )
        write_private(self.layout.run / "prometheus.yml", text)


def is_ready(port: int) -> bool:
    """Whether Prometheus or Alertmanager takes questions."""
    return _answers(f"http://127.0.0.1:{port}/-/ready")


def _exporter(
    layout: Layout, name: str, argv: list[str], env: Mapping[str, str] | None = None
) -> Component:
    port = layout.settings.port(EXPORTER_PORTS[name])
    return Component(
        name=name,
        argv=[*argv, f"--web.listen-address=127.0.0.1:{port}"],
        port=port,
        env=env or {},
        healthy=lambda: _answers(f"http://127.0.0.1:{port}/"),
    )


def _node_exporter(layout: Layout, program: str) -> Component:
    """Processor, memory, disks and network of this machine."""
    wanted = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "pressure", "stat")
    only = ["--collector.disable-defaults", *(f"--collector.{name}" for name in wanted)]
    return _exporter(layout, "node-exporter", [program, *only])


def _postgres_exporter(layout: Layout, program: str) -> Component:
    """Reads the password from its file; neither environment nor arguments hold it."""
    settings = layout.settings
    env = {
        "DATA_SOURCE_URI": f"127.0.0.1:{settings.port(Port.POSTGRES)}/weir?sslmode=disable",
        "DATA_SOURCE_USER": "weir",
        "DATA_SOURCE_PASS_FILE": str(layout.secrets / "postgres.password"),
    }
    argv = [program, "--log.level=error"]
    return replace(_exporter(layout, "postgres-exporter", argv, env), after=("postgres",))


def _redis_exporter(layout: Layout, program: str) -> Component:
    """Its password file is a JSON object: address to password."""
    address = f"redis://127.0.0.1:{layout.settings.port(Port.REDIS)}"
    file = layout.secrets / "redis-exporter.json"

    def prepare() -> None:
        password = keep_password(layout.secrets / "redis.password")
        write_private(file, json.dumps({address: password}))

    argv = [program, f"--redis.addr={address}", f"--redis.password-file={file}"]
    return replace(_exporter(layout, "redis-exporter", argv), prepare=prepare)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
