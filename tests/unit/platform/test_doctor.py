"""Each thing that stands in the way of a start is named, with the way out."""

from __future__ import annotations

import socket
from types import SimpleNamespace

from weir.platform import doctor
from weir.platform.airflow import Airflow
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.settings import Settings


def layout_in(folder):
    return Layout(Settings(_env_file=None, home=folder))


def test_unequal_versions_of_pyspark_and_its_client_are_a_problem(monkeypatch, tmp_path):
    """Both own the folder `pyspark`: the second one installed breaks the first."""
    versions = {"pyspark": "4.2.0", "pyspark-client": "4.1.0"}
    monkeypatch.setattr(doctor.metadata, "version", versions.__getitem__)
    found = doctor.check_pyspark(layout_in(tmp_path))
    assert "pyspark is 4.2.0 but pyspark-client is 4.1.0" in found.problem
    assert found.way_out == "make clean-env setup"


def test_too_little_memory_says_how_much_there_is_and_how_much_is_needed(monkeypatch):
    """Otherwise the kernel kills a JVM an hour later."""
    little = SimpleNamespace(available=900 * doctor.BYTES_PER_MB)
    monkeypatch.setattr(doctor.psutil, "virtual_memory", lambda: little)
    found = doctor.check_memory([])
    assert (found.problem, found.way_out) == ("900 MB of memory are free", "free 2500 MB")


def test_airflow_needs_memory_of_its_own_and_can_be_left_out(monkeypatch, tmp_path):
    """A machine that is too small for all can still run the streams."""
    some = SimpleNamespace(available=3000 * doctor.BYTES_PER_MB)
    monkeypatch.setattr(doctor.psutil, "virtual_memory", lambda: some)
    found = doctor.check_memory(Airflow(layout_in(tmp_path)).components())
    assert found.problem == "3000 MB of memory are free"
    assert found.way_out == "free 3500 MB, or 2500 MB and WEIR_AIRFLOW=0 (without Airflow)"
    assert doctor.check_memory([]).problem == ""


def test_too_little_disk_names_the_place(monkeypatch, tmp_path):
    """A full disk stops PostgreSQL and Kafka in the middle of a write."""
    little = SimpleNamespace(free=100 * doctor.BYTES_PER_MB)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: little)
    found = doctor.check_disk(layout_in(tmp_path / "not yet there"))
    assert found.problem == f"100 MB of disk are free at {tmp_path}"


def test_missing_jars_lead_to_a_new_environment(monkeypatch, tmp_path):
    """An environment that was copied or half made has no jars."""
    monkeypatch.setattr(Layout, "environment", tmp_path)
    found = doctor.check_jars(layout_in(tmp_path / "home"))
    assert (found.problem, found.way_out) == (
        f"no jars in {tmp_path}/jars/kafka",
        "make clean-env setup",
    )


def test_a_comma_in_the_data_folders_name_is_refused(tmp_path):
    """Kafka would read it as two folders."""
    found = doctor.check_home(layout_in(tmp_path / "a,b"))
    assert (found.problem, found.way_out) == ("its path has a comma", "set WEIR_HOME")


def test_a_secret_that_others_may_read_is_named(tmp_path):
    """A restored backup often comes back with mode 644."""
    layout = layout_in(tmp_path)
    layout.create()
    path = layout.secrets / "pgpass"
    path.write_text("x")
    path.chmod(0o640)
    assert doctor.check_secrets(layout).problem == f"{path} can be read by others"
    path.chmod(0o600)
    assert doctor.check_secrets(layout).problem == ""
    inner = layout.secrets / "kafka" / "operator.password"
    inner.parent.mkdir()
    inner.write_text("x")
    inner.chmod(0o644)
    assert doctor.check_secrets(layout).problem == f"{inner} can be read by others"


def test_a_port_in_use_is_found():
    """Only a port that somebody listens on counts."""
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        port = squatter.getsockname()[1]
        component = Component(name="redis", argv=["x"], port=port, healthy=lambda: True)
        squatter.listen()
        (found,) = doctor.check_ports([component])
    assert found.problem == f"port {port} of redis is in use by another program"
    assert doctor.check_ports([component]) == []


def test_another_number_of_brokers_than_the_data_was_made_for_is_refused(tmp_path):
    """Otherwise the brokers wait for a quorum that cannot come."""
    layout = Layout(Settings(_env_file=None, home=tmp_path, kafka_brokers=3))
    layout.create()
    assert doctor.check_brokers(layout).problem == ""
    doctor.brokers_file(layout).write_text("1")
    found = doctor.check_brokers(layout)
    assert found.problem == f"WEIR_KAFKA_BROKERS is 3, but {tmp_path} was made for 1"
    assert found.way_out == "WEIR_KAFKA_BROKERS=1, or another WEIR_HOME for 3"
