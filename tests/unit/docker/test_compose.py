"""docker-compose.yaml agrees with the local platform. No engine runs here: structure only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from weir.kafka.declared import load_topics
from weir.logs import SECRET_NAMES
from weir.ops.streams import load_streams
from weir.platform import monitoring
from weir.platform.airflow_config import inner_address
from weir.platform.catalogue import components
from weir.platform.kafka import Broker
from weir.platform.layout import Layout
from weir.platform.prometheus_config import container_jobs, prometheus_config
from weir.platform.settings_report import names_of
from weir.ports import Port
from weir.settings import REPO, Settings

COMPOSE: dict[str, Any] = yaml.safe_load((REPO / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"secrets", "agent", "prepare", "streams", "promo-stream", "metadata"}
LASTING = SERVICES.keys() - ONCE
BROKERS = {"kafka-1": 0, "kafka-2": 1, "kafka-3": 2}
# Host port of each service that publishes one; 9090 is Prometheus, in the API's network.
PUBLISHED = {
    "postgres": [Port.POSTGRES.value],
    "redis": [Port.REDIS.value],
    "spark-master": [Port.SPARK_MASTER_UI.value],
    "spark-worker": [Port.SPARK_WORKER_UI.value],
    "api": [Port.API.value, Port.PROMETHEUS.value],
    "alertmanager": [Port.ALERTMANAGER.value],
    "grafana": [Port.GRAFANA.value],
    "airflow-api": [Port.AIRFLOW.value],
}


def layout(home: Path) -> Layout:
    settings = Settings(_env_file=None, home=home, kafka_brokers=3, monitoring=True, with_="all")
    return Layout(settings)


def environment(service: str) -> dict[str, str]:
    return dict(SERVICES[service].get("environment", {}))


def test_every_component_of_the_platform_is_a_service(monkeypatch, tmp_path):
    """A component that is forgotten here is missed by whoever starts there."""
    monkeypatch.setattr(monitoring, "installed", lambda: dict.fromkeys(monitoring.PROGRAMS, "x"))
    expected = {component.name for component in components(layout(tmp_path))}
    assert expected | {"grafana"} == LASTING


def test_every_published_port_is_weirs_own_and_bound_to_loopback(tmp_path):
    """A port published on all addresses is open to the whole network."""
    settings = layout(tmp_path).settings
    expected = PUBLISHED | {n: [settings.port(Port.KAFKA, i)] for n, i in BROKERS.items()}
    found = {}
    for name, service in SERVICES.items():
        for entry in service.get("ports", []):
            address, host_port, _ = entry.rsplit(":", 2)
            assert address == "127.0.0.1", entry
            found.setdefault(name, []).append(int(host_port))
    assert found == expected


def test_no_service_runs_as_root_or_may_become_it():
    """A hole in one process must not be a hole in the machine."""
    for name, service in SERVICES.items():
        user = str(service["user"])
        assert user.split(":")[0] not in ("root", "0"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name


def test_every_lasting_service_has_a_health_check_and_restarts():
    """Order of start depends on health, and a dead process must come back."""
    for name in LASTING:
        assert "test" in SERVICES[name]["healthcheck"], name
        assert SERVICES[name]["restart"] == "unless-stopped", name
    for name in ONCE:
        assert SERVICES[name]["restart"] == "no", name


def test_every_image_has_a_fixed_version():
    """`latest` is another program tomorrow."""
    for name, service in SERVICES.items():
        image, _, tag = service["image"].rpartition(":")
        assert image, name
        assert re.match(r"v?\d+\.\d+", tag), f"{name}: {service['image']}"


def test_versions_are_those_of_the_local_platform():
    """What was tested is what runs."""
    broker = re.search(r'name="kafka_2.13" rev="([\d.]+)"', (REPO / "ivy.xml").read_text())
    assert broker
    assert {SERVICES[n]["image"] for n in BROKERS} == {f"apache/kafka:{broker[1]}"}
    from weir import __version__

    own = {s["image"] for s in SERVICES.values() if s["image"].startswith("weir:")}
    assert own == {f"weir:{__version__}"}


def test_no_secret_stands_in_an_environment():
    """`docker inspect` shows environments to everybody who may ask."""
    checked = 0
    for name in SERVICES:
        for key, value in environment(name).items():
            checked += 1
            if SECRET_NAMES.search(key):
                assert key.endswith("_FILE"), f"{name}: {key}"
                assert value.startswith("/run/weir/secrets/"), f"{name}: {key}"
            assert "://" not in value or "@" not in value, f"{name}: {key}"
    assert checked > 50


def test_every_setting_in_it_exists():
    """A misspelt setting is silently ignored."""
    known = {name for field in Settings.model_fields for name in names_of(field)}
    used = {k for name in SERVICES for k in environment(name) if k.startswith("WEIR_")}
    assert len(used) > 8
    assert used <= known


def test_the_settings_of_a_container_are_accepted(monkeypatch):
    """An empty or quoted value must parse as it will there."""
    for key, value in environment("api").items():
        monkeypatch.setenv(key, re.sub(r"\$\{\w+:-(.*)\}", r"\1", value))
    settings = Settings(_env_file=None)
    assert settings.kafka_brokers == 3
    assert settings.bootstrap == "kafka-1:9092,kafka-2:9092,kafka-3:9092"
    assert settings.spark_master_url == f"spark://spark-master:{Port.SPARK_MASTER.value}"
    assert settings.spark_master_ui_url == f"http://spark-master:{Port.SPARK_MASTER_UI.value}"
    assert settings.redis_address == f"redis://redis:{Port.REDIS.value}/0"
    assert inner_address(settings) == f"http://airflow-api:{Port.AIRFLOW.value}"


@pytest.mark.parametrize("name", BROKERS)
def test_the_brokers_are_configured_like_the_local_three(name, tmp_path):
    """Replication, minimum in sync and limits decide what survives the loss of a broker."""
    here = Broker(layout(tmp_path), BROKERS[name]).properties(tmp_path)
    local = dict(line.split("=", 1) for line in here.splitlines())
    there = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): value
        for key, value in environment(name).items()
        if key.startswith("KAFKA_")
    }
    addresses = {
        "controller.quorum.voters",
        "listeners",
        "advertised.listeners",
        "listener.security.protocol.map",
        "log.dirs",
    }
    assert {k: v for k, v in local.items() if k not in addresses} == {
        k: there.get(k) for k in local if k not in addresses
    }
    port = Settings(_env_file=None).port(Port.KAFKA, BROKERS[name])
    assert there["advertised.listeners"] == (
        f"PLAINTEXT://{name}:{Port.KAFKA.value},HOST://127.0.0.1:{port}"
    )
    assert (
        f"{there['node.id']}@{name}:{Port.KAFKA_CONTROLLER.value}"
        in (there["controller.quorum.voters"])
    )


def test_topics_and_streams_are_made_by_the_same_commands():
    """No second list of topics that could differ."""
    assert load_topics()
    assert SERVICES["prepare"]["command"][-1] == "weir db migrate && weir topics apply"
    started: dict[str, set[str]] = {}
    for name in ("streams", "promo-stream"):
        words = SERVICES[name]["command"]
        assert words[:3] == ["weir", "streams", "start"]
        started.setdefault(",".join(SERVICES[name].get("profiles", [])), set()).update(words[3:])
    declared: dict[str, set[str]] = {}
    for spec in load_streams().values():
        declared.setdefault(spec.system, set()).add(spec.name)
    assert started == declared


def test_what_a_service_waits_for_and_mounts_exists():
    """Compose reports a wrong name only when somebody starts it."""
    used = set()
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            done = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how == {"condition": done}, f"{name} -> {other}"
        shared = service.get("network_mode", "").removeprefix("service:")
        assert not shared or shared in service["depends_on"], name
        assert not (shared and "ports" in service), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (REPO / source).is_dir(), volume
            else:
                used.add(source)
    assert used == set(COMPOSE["volumes"])


def test_prometheus_scrapes_the_same_parts_by_their_names_there():
    """Rules and dashboards rely on the jobs; only the addresses differ."""
    assert SERVICES["prometheus"]["network_mode"] == "service:api"
    file = REPO / "monitoring" / "prometheus" / "prometheus.yml"
    jobs = container_jobs(list(BROKERS), streams=len(load_streams()))
    expected = prometheus_config(jobs, rules="rules/*.yml", alertmanager="alertmanager:9093")
    assert file.read_text().split("\n", 1)[1] == expected
    named = {a.split(":")[0] for job in jobs for a in job.addresses} - {"127.0.0.1"}
    assert named <= LASTING


def test_the_brokers_agent_listens_where_prometheus_looks():
    """The same jar and the same choice of beans as on a laptop."""
    for name in BROKERS:
        agent = environment(name)["KAFKA_OPTS"]
        assert agent == (
            "-javaagent:/opt/agent/jmx_prometheus_javaagent.jar"
            f"={Port.KAFKA_METRICS.value}:/opt/beans/jmx.yml"
        )
        assert "./monitoring/kafka:/opt/beans:ro" in SERVICES[name]["volumes"]
        assert "KAFKA_OPTS= " in SERVICES[name]["healthcheck"]["test"][1]
    assert (REPO / "monitoring" / "kafka" / "jmx.yml").is_file()


def test_grafana_finds_prometheus_and_the_dashboards():
    """Provisioned, so that nobody clicks it together."""
    folder = REPO / "monitoring" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "weir.yml").read_text())["datasources"]
    assert source["url"] == f"http://api:{Port.PROMETHEUS.value}"
    assert source["isDefault"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "weir.yml").read_text())["providers"]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    assert mounts["./monitoring/grafana"] == provider["options"]["path"]


def test_every_file_that_a_command_names_exists():
    """The images hold the repository's own scripts."""
    named = {
        word
        for service in SERVICES.values()
        for word in [*service.get("command", []), *service["healthcheck"].get("test", [])]
        if word.startswith("docker/")
    }
    assert named == {f"docker/{n}.py" for n in ("airflow", "health", "make_secrets", "spark")}
    assert all((REPO / name).is_file() for name in named)
