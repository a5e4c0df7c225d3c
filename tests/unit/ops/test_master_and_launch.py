"""What the launcher sends, and how it reads the master."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.stream_specs import wikimedia_spec
from weir.errors import SettingError
from weir.ops.driver_file import DriverFile, read_driver_file, write_driver_file
from weir.ops.launch import client_environment, submit_properties
from weir.ops.master import parse_master
from weir.platform.layout import Layout
from weir.settings import Settings


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **{"home": Path("/data/weir home"), **changes})


def test_the_masters_answer_becomes_states_by_driver() -> None:
    """The launcher adopts only drivers that will work without help."""
    answer = {
        "status": "ALIVE",
        "aliveworkers": 1,
        "activedrivers": [{"id": "driver-2", "state": "RUNNING"}],
        "completeddrivers": [{"id": "driver-1", "state": "KILLED"}],
        "activeapps": [{"name": "counts"}],
    }
    state = parse_master(answer)
    assert state.drivers == {"driver-1": "KILLED", "driver-2": "RUNNING"}
    assert (state.status, state.alive_workers, state.apps) == ("ALIVE", 1, ("counts",))


def test_only_allowed_names_pass_into_the_drivers_environment() -> None:
    """Spark hands the whole environment of the submitter to the driver and every relaunch."""
    inherited = {"PATH": "/bin", "HOME": "/h", "AWS_SECRET": "s", "WEIR_HOME": "/w", "PGPASS": "p"}
    assert client_environment(Layout(settings()), inherited) == {
        "PATH": "/bin",
        "HOME": "/h",
        "SPARK_HOME": str(Layout(settings()).spark_home),
        "SPARK_SCALA_VERSION": "2.13",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def test_a_foreign_master_is_not_told_our_loopback_address() -> None:
    """A driver that binds to 127.0.0.1 on another machine is never reached."""
    foreign = Layout(settings(spark_master="spark://spark.example:7077"))
    assert "SPARK_LOCAL_IP" not in client_environment(foreign, {})


def test_memory_and_cores_of_the_declaration_reach_spark() -> None:
    """Else a worker has room on paper and swaps in truth."""
    properties = submit_properties(Layout(settings()), wikimedia_spec())
    assert properties["spark.driver.memory"] == "512m"
    assert properties["spark.executor.memory"] == "640m"
    assert (properties["spark.executor.cores"], properties["spark.cores.max"]) == ("2", "2")


def test_the_drivers_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """The driver must count what was declared, at the addresses of its starter."""
    content = DriverFile(
        settings=settings(port_base=14000, kafka_bootstrap="k:1"),
        spec=wikimedia_spec(),
        checkpoints=tmp_path / "check points",
    )
    write_driver_file(tmp_path / "streams" / "s.json", content)
    assert read_driver_file(tmp_path / "streams" / "s.json") == content


def test_the_drivers_file_wins_over_the_drivers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may have been started from a shell with other settings."""
    content = DriverFile(settings=settings(), spec=wikimedia_spec(), checkpoints=tmp_path)
    write_driver_file(tmp_path / "s.json", content)
    monkeypatch.setenv("WEIR_PORT_BASE", "777")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:1")
    assert read_driver_file(tmp_path / "s.json").settings.bootstrap == "127.0.0.1:9092"


def test_a_drivers_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """It names the files of secrets; nobody else need know them."""
    content = DriverFile(settings=settings(), spec=wikimedia_spec(), checkpoints=tmp_path)
    write_driver_file(tmp_path / "s.json", content)
    (tmp_path / "s.json").chmod(0o644)
    with pytest.raises(SettingError, match="0644"):
        read_driver_file(tmp_path / "s.json")


def test_the_drivers_file_holds_no_password(tmp_path: Path) -> None:
    """Only paths of secrets may travel."""
    content = DriverFile(settings=settings(), spec=wikimedia_spec(), checkpoints=tmp_path)
    write_driver_file(tmp_path / "s.json", content)
    names = set(json.loads((tmp_path / "s.json").read_text())["settings"])
    named_so = {n for n in names if "password" in n or "secret" in n}
    assert "redis_password_file" in named_so
    assert {n for n in named_so if not n.endswith("_file")} == set()
