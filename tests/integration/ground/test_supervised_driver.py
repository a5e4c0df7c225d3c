"""What everything rests on: how Spark 4.2 starts, relaunches and ends a supervised driver.

These tests characterise Spark, not Weir. One that turns red after an upgrade of Spark says which
assumption no longer holds.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.drivers import Ground
from tests.support.eventually import eventually
from weir.ops.launch import kill_driver
from weir.ops.master import fetch_master
from weir.settings import Settings

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def staying(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ground, str]]:
    """A driver with a session and an idle query, shared by the tests below (in their order)."""
    os.environ["WEIR_TEST_CANARY"] = "must not travel"
    ground = Ground(platform, tmp_path_factory.mktemp("staying"), "record")
    driver_id = ground.submit("stay")
    del os.environ["WEIR_TEST_CANARY"]
    try:
        ground.wait("query")
        yield ground, driver_id
    finally:
        ground.end()


def state_of(platform: Settings, driver_id: str) -> str | None:
    return fetch_master(platform).drivers.get(driver_id)


def test_a_python_program_runs_as_a_supervised_driver_and_computes(
    platform: Settings, staying: tuple[Ground, str]
) -> None:
    """PythonRunner is an undocumented door; this test fails when it closes."""
    ground, driver_id = staying
    assert ground.wait("session")["total"] == 4950
    assert state_of(platform, driver_id) == "RUNNING"


def test_nothing_of_the_submitters_environment_but_the_allowed_names_arrives(
    staying: tuple[Ground, str],
) -> None:
    """Spark 4.2 hands the submitter's whole environment to the driver and every relaunch."""
    environment = staying[0].wait("begun")["env"]
    assert "WEIR_TEST_CANARY" not in environment
    assert environment["PATH"] == os.environ["PATH"]
    ours = {name for name in environment if name.startswith("WEIR_")}
    assert ours <= {"WEIR_INSTANCE", "WEIR_COMPONENT"}  # the marks of the worker's platform


def test_a_killed_jvm_is_relaunched_with_the_same_id_and_arguments(
    platform: Settings, staying: tuple[Ground, str]
) -> None:
    """The token among the arguments is how a relaunch knows that it follows itself."""
    ground, driver_id = staying
    before = ground.wait("begun")
    os.kill(before["jvm"], signal.SIGKILL)
    after = ground.wait("begun", times=2)
    assert after["jvm"] != before["jvm"]
    assert state_of(platform, driver_id) == "RUNNING"
    ground.wait("query", times=2)


def test_a_killed_python_ends_its_jvm_and_is_relaunched(staying: tuple[Ground, str]) -> None:
    """A JVM that outlived its Python would count nothing and look alive."""
    ground, _ = staying
    before = ground.wait("begun", times=2)
    os.kill(before["python"], signal.SIGKILL)
    after = ground.wait("begun", times=3)
    assert after["jvm"] != before["jvm"]
    ground.wait("query", times=3)


def test_an_idle_query_stops_between_batches_and_the_driver_ends_for_good(
    platform: Settings, staying: tuple[Ground, str]
) -> None:
    """A drain must not wait for a message that may come tomorrow."""
    ground, driver_id = staying
    ground.record.with_suffix(".drain").touch()
    ground.wait("drained")
    eventually(lambda: state_of(platform, driver_id), lambda s: s == "FINISHED", within_seconds=30)
    assert len(ground.lines("begun")) == 3


def test_exit_0_ends_a_driver_and_exit_3_starts_it_anew_until_it_is_killed(
    platform: Settings, tmp_path: Path
) -> None:
    """Exit codes are the only words between a driver and its supervision."""
    good, bad = Ground(platform, tmp_path, "good"), Ground(platform, tmp_path, "bad")
    good_id, bad_id = good.submit("exit:0"), bad.submit("exit:3")
    bad.wait("begun", times=2)
    eventually(lambda: state_of(platform, good_id), lambda s: s == "FINISHED", within_seconds=30)
    kill_driver(platform, bad_id)
    eventually(lambda: state_of(platform, bad_id), lambda s: s == "KILLED", within_seconds=30)
    assert len(good.lines("begun")) == 1
    kill_driver(platform, bad_id)  # a second kill is harmless


def test_a_submission_to_a_master_that_is_away_ends_with_an_error_in_time(
    tmp_path: Path,
) -> None:
    """Spark's own client would try for ever."""
    from weir.errors import Unavailable

    nowhere = Settings(_env_file=None, home=tmp_path, spark_master="spark://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"no answer to submit|refused"):
        Ground(nowhere, tmp_path, "never").submit("exit:0")
    assert time.monotonic() - began < 70
