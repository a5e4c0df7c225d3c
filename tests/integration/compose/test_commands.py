"""Each service of docker-compose.yaml starts with its own command and environment, outside.

There is no engine here: so the places are exchanged, and the programs are those of this machine.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.compose import SERVICES, Outside, monitoring_port
from tests.support.eventually import eventually
from weir.platform import monitoring
from weir.settings import Settings

pytestmark = pytest.mark.platform

# One line of the metrics that each of them shows when it really reads what it should.
SHOWN = {
    "prometheus": "prometheus_build_info",
    "alertmanager": "alertmanager_build_info",
    "exporter-host": "node_memory_MemAvailable_bytes",
    "exporter-postgres": "pg_up 1",
    "exporter-redis": "redis_up 1",
}


@pytest.fixture
def outside(platform: Settings, tmp_path: Path) -> Outside:
    return Outside.of(platform, tmp_path)


def page(port: int) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=2).text
    except httpx.HTTPError:
        return ""


@pytest.mark.parametrize("service", SHOWN)
def test_a_part_of_the_monitoring_starts_and_reads(outside: Outside, service: str) -> None:
    """A misspelt option ends a container at once, and nobody sees why."""
    if service not in monitoring.installed():
        pytest.skip(f"{service} is not installed")
    with outside.lasting(service) as base:
        port = base + monitoring_port(service)
        eventually(lambda: page(port), lambda text: SHOWN[service] in text, within_seconds=40)


def test_the_schema_and_the_topics_are_made_by_their_service(outside: Outside) -> None:
    """Everything waits for it."""
    done = outside.run("prepare")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_brokers_get_their_agent(outside: Outside) -> None:
    """Without the jar no broker starts."""
    done = outside.run("agent")
    assert done.returncode == 0, done.stderr
    assert (outside.folder / "jmx_prometheus_javaagent.jar").stat().st_size > 1_000_000


@pytest.mark.parametrize("service", ["wikimedia-sample", "api"])
def test_a_service_of_weir_becomes_healthy_by_its_own_check(outside: Outside, service: str) -> None:
    """Start order depends on it: one that never is healthy stops all that follow."""
    with outside.lasting(service):
        eventually(lambda: outside.is_healthy(service), bool, within_seconds=60, every_seconds=0.5)


def test_every_program_of_the_monitoring_is_tried() -> None:
    """A new service must not be forgotten here; Grafana is in no package."""
    assert monitoring.PROGRAMS.keys() == SHOWN.keys()
    assert SERVICES.keys() >= SHOWN.keys()
