"""A service of docker-compose.yaml as a process of this machine: its command, its environment.

Only places are exchanged: names of containers, folders of images and volumes, and ports.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.platform import free_port_base
from weir.platform import monitoring
from weir.platform.exporters import PORTS
from weir.ports import Port
from weir.settings import REPO, Settings

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((REPO / "docker-compose.yaml").read_text())[
    "services"
]


@dataclass(frozen=True)
class Outside:
    """Exchanges the places of the containers for those of the platform `settings`."""

    settings: Settings
    folder: Path
    port_base: int

    @classmethod
    def of(cls, settings: Settings, folder: Path) -> Outside:
        """With the platform's secrets in the form that the containers have them."""
        secrets = folder / "secrets"
        secrets.mkdir(mode=0o700)
        for name in ("postgres.password", "postgres.dsn", "redis.password"):
            shutil.copy(settings.home / "secrets" / name, secrets / name)
        password = (secrets / "redis.password").read_text()
        address = f"redis://127.0.0.1:{settings.port(Port.REDIS)}"
        (secrets / "exporter-redis.json").write_text(json.dumps({address: password}))
        return cls(settings, folder, free_port_base())

    def text(self, given: str) -> str:
        """One word or value."""
        here = "127.0.0.1"
        settings = self.settings
        places = {
            "kafka-1:9092,kafka-2:9092,kafka-3:9092": settings.bootstrap,
            "postgres:5432": f"{here}:{settings.port(Port.POSTGRES)}",
            "redis://redis:6379": f"redis://{here}:{settings.port(Port.REDIS)}",
            "spark://spark-master:7077": settings.spark_master_url,
            "http://spark-master:8081": settings.spark_master_ui_url,
            "/run/weir/secrets": str(self.folder / "secrets"),
            "/opt/weir/.venv/bin/python": sys.executable,
            "/opt/agent": str(self.folder),
            "/var/lib/weir": str(self.folder / "home"),
            "/etc/prometheus": str(monitoring.MONITORING / "prometheus"),
            "/etc/alertmanager": str(monitoring.MONITORING / "alertmanager"),
            "=/prometheus": f"={self.folder / 'prometheus'}",
            "=/alertmanager": f"={self.folder / 'alertmanager'}",
        }
        text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", given)
        for there, place in places.items():
            text = text.replace(there, place)
        return text

    def command(self, service: str) -> list[str]:
        """Its words; the programs of official images are those installed here."""
        words = [self.text(word) for word in SERVICES[service]["command"]]
        if program := monitoring.installed().get(service):
            port = self.port_base + monitoring_port(service)
            return [program, *words, f"--web.listen-address=127.0.0.1:{port}"]
        return words

    def environment(self, service: str) -> dict[str, str]:
        """Its environment and nothing else but what finds programs, and other ports."""
        given = SERVICES[service].get("environment", {})
        own = {key: self.text(str(value)) for key, value in given.items()}
        if "WEIR_KAFKA_BROKERS" in own:
            own["WEIR_KAFKA_BROKERS"] = str(self.settings.kafka_brokers)
        path = f"{REPO / 'bin'}:{os.environ['PATH']}"
        return own | {"PATH": path, "WEIR_PORT_BASE": str(self.port_base)}

    def run(self, service: str) -> subprocess.CompletedProcess[str]:
        """To its end; for services that end."""
        return subprocess.run(
            self.command(service),
            env=self.environment(service),
            cwd=REPO,
            capture_output=True,
            text=True,
            timeout=120,
        )

    @contextmanager
    def lasting(self, service: str) -> Iterator[int]:
        """While the context lasts; gives the base of its ports."""
        with (self.folder / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                self.command(service),
                env=self.environment(service),
                cwd=REPO,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield self.port_base
        finally:
            process.terminate()
            process.wait(30)

    def is_healthy(self, service: str) -> bool:
        """What the service's own health check says, in the service's own environment."""
        words = [self.text(word) for word in SERVICES[service]["healthcheck"]["test"][1:]]
        done = subprocess.run(words, env=self.environment(service), cwd=REPO, capture_output=True)
        return done.returncode == 0


def monitoring_port(service: str) -> int:
    """The port that the service has in its own container."""
    ports = {"prometheus": Port.PROMETHEUS, "alertmanager": Port.ALERTMANAGER}
    return int((ports | PORTS)[service])
