"""Prometheus and its kin are started where they are installed, and only when they are wanted."""

from __future__ import annotations

import json
import stat

import pytest
import yaml

from weir.platform import catalogue, doctor, monitoring
from weir.platform.kafka import Broker
from weir.platform.layout import Layout
from weir.platform.status import addresses
from weir.settings import Settings

ALL = {name: f"/usr/bin/{programs[0]}" for name, programs in monitoring.PROGRAMS.items()}


@pytest.fixture
def everything_installed(monkeypatch):
    monkeypatch.setattr(monitoring, "installed", lambda: ALL)


def layout(folder, **settings):
    made = Layout(Settings(_env_file=None, home=folder / "a home", **settings))
    for place in (made.run, made.secrets):
        place.mkdir(parents=True, exist_ok=True)
    return made


def by_name(layout):
    return {component.name: component for component in monitoring.components(layout)}


def test_nothing_is_started_unless_it_is_wanted(everything_installed, tmp_path):
    """200 MB that nobody asked for."""
    assert monitoring.components(layout(tmp_path)) == []
    assert Broker(layout(tmp_path), 0).agent == []


def test_what_is_installed_is_started(everything_installed, tmp_path):
    """The supervisor knows all five, in the catalogue of the platform."""
    wanted = layout(tmp_path, monitoring=True)
    assert set(by_name(wanted)) == set(monitoring.PROGRAMS)
    assert set(by_name(wanted)) <= {c.name for c in catalogue.components(wanted)}


def test_an_exporter_that_is_missing_is_left_out_of_the_targets_too(monkeypatch, tmp_path):
    """A target that is never up is an alert for ever."""
    there = {name: path for name, path in ALL.items() if name != "exporter-redis"}
    monkeypatch.setattr(monitoring, "installed", lambda: there)
    wanted = layout(tmp_path, monitoring=True)
    assert "exporter-redis" not in by_name(wanted)
    by_name(wanted)["prometheus"].prepare()
    config = yaml.safe_load((wanted.run / "prometheus.yml").read_text())
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert {"host", "postgres", "weir", "kafka"} <= jobs
    assert "redis" not in jobs


def test_without_prometheus_a_wanted_start_is_refused_with_the_package(monkeypatch, tmp_path):
    """Somebody who asked for monitoring must not believe that he has it."""
    monkeypatch.setattr(monitoring, "installed", dict)
    found = doctor.check_monitoring(layout(tmp_path, monitoring=True))
    assert found.problem == "WEIR_MONITORING is on, and prometheus is missing"
    assert "apt-get install prometheus prometheus-alertmanager" in found.way_out
    assert doctor.check_monitoring(layout(tmp_path)).problem == ""


def test_every_port_is_shifted_and_on_loopback(everything_installed, tmp_path):
    """Two copies side by side, and nothing open to the network."""
    wanted = layout(tmp_path, monitoring=True, port_base=10000)
    ports = {name: component.port for name, component in by_name(wanted).items()}
    assert ports == {
        "prometheus": 19090,
        "alertmanager": 19093,
        "exporter-host": 19100,
        "exporter-redis": 19121,
        "exporter-postgres": 19187,
    }
    for component in by_name(wanted).values():
        assert f"--web.listen-address=127.0.0.1:{component.port}" in component.argv


def test_no_name_counts_as_a_part_of_a_server(everything_installed, tmp_path):
    """`kafka` means every `kafka-…`: the schema would wait for an exporter that waits for it."""
    wanted = layout(tmp_path, monitoring=True)
    assert not [n for n in by_name(wanted) if n.startswith(("postgres", "kafka", "redis", "spark"))]


def test_no_password_is_in_arguments_or_environment(everything_installed, tmp_path):
    """Both are seen by every user of the machine."""
    wanted = layout(tmp_path, monitoring=True)
    for name in ("postgres.password", "redis.password"):
        (wanted.secrets / name).write_text("canary-secret")
    for component in monitoring.components(wanted):
        component.prepare()
        assert "canary-secret" not in " ".join([*component.argv, *component.env.values()])
    file = wanted.secrets / "exporter-redis.json"
    assert json.loads(file.read_text()) == {"redis://127.0.0.1:6379": "canary-secret"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_broker_shows_its_beans_on_a_port_of_its_own(monkeypatch, tmp_path):
    """Three brokers on one machine."""
    wanted = layout(tmp_path, monitoring=True, kafka_brokers=3)
    agents = [Broker(wanted, i).agent for i in range(3)]
    for agent, port in zip(agents, (9404, 9504, 9604), strict=True):
        assert len(agent) == 1
        assert f".jar=127.0.0.1:{port}:" in agent[0]
        assert agent[0] in Broker(wanted, (port - 9404) // 100).component().argv


def test_formatting_the_storage_does_not_start_the_agent(tmp_path):
    """The port would still be held when the broker starts."""
    wanted = layout(tmp_path, monitoring=True)
    assert not any("javaagent" in word for word in Broker(wanted, 0).java)


def test_the_addresses_name_prometheus_only_when_it_is_part_of_the_platform(tmp_path):
    """Whoever opens an address must find something."""
    settings = layout(tmp_path, port_base=10000).settings
    assert "prometheus" not in addresses(settings)
    found = addresses(settings, monitoring=True)
    assert found["prometheus"] == "http://127.0.0.1:19090"
    assert found["alertmanager"] == "http://127.0.0.1:19093"
