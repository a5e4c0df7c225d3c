"""Prometheus, Alertmanager and the exporters, from the system's packages where they are installed.

Wanted by WEIR_MONITORING. A platform that was started with them keeps showing them to a shell
that does not have the setting.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from weir.ops.streams import load_streams
from weir.ops.systems import is_wanted
from weir.platform.component import Component, pid_file
from weir.platform.exporters import PORTS, exporters
from weir.platform.layout import Layout
from weir.platform.prometheus_config import Job, local_jobs, prometheus_config
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
    return [
        *found,
        alertmanager(layout, programs["alertmanager"]),
        prometheus(layout, programs["prometheus"]),
    ]


def runs(layout: Layout) -> bool:
    """Whether this copy's Prometheus lives."""
    try:
        pid = int(pid_file(layout, "prometheus").read_text())
        return psutil.Process(pid).environ().get("WEIR_INSTANCE") == layout.instance
    except (OSError, ValueError, psutil.Error):
        return False


def prometheus(layout: Layout, program: str) -> Component:
    """Keeps the metrics of 15 days, at most 1 GB."""
    port = layout.settings.port(Port.PROMETHEUS)
    return Component(
        name="prometheus",
        argv=[
            *(program, f"--config.file={config_file(layout)}"),
            f"--storage.tsdb.path={layout.data / 'prometheus'}",
            *("--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=1GB"),
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        port=port,
        healthy=lambda: is_ready(port),
        prepare=lambda: _write_config(layout),
    )


def alertmanager(layout: Layout, program: str, config: Path = ALERTMANAGER) -> Component:
    """One of its kind: it looks for no others of a cluster."""
    port = layout.settings.port(Port.ALERTMANAGER)
    return Component(
        name="alertmanager",
        argv=[
            *(program, f"--config.file={config}"),
            f"--storage.path={layout.data / 'alertmanager'}",
            *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
        ],
        port=port,
        healthy=lambda: is_ready(port),
    )


def config_file(layout: Layout) -> Path:
    """Prometheus' configuration, written anew at each start of the platform."""
    return layout.run / "prometheus.yml"


def jobs(layout: Layout) -> list[Job]:
    """What is scraped here: every part, and the exporters that are installed."""
    there = installed()
    ports = {name.removeprefix("exporter-"): PORTS[name] for name in PORTS if name in there}
    running = sum(is_wanted(spec, layout.settings) for spec in load_streams().values())
    return local_jobs(layout, streams=running, exporters=ports)


def _write_config(layout: Layout) -> None:
    address = f"127.0.0.1:{layout.settings.port(Port.ALERTMANAGER)}"
    text = prometheus_config(jobs(layout), rules=str(RULES), alertmanager=address)
    write_private(config_file(layout), text)


def is_ready(port: int) -> bool:
    """Whether Prometheus or Alertmanager takes questions."""
    return answers(f"http://127.0.0.1:{port}/-/ready")
