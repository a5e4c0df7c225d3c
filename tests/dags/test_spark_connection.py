"""The connection test that Weir gives to Airflow's Spark hook."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest
from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook

from stream_ops import spark_connection
from weir.ops import master
from weir.settings import Settings


@pytest.fixture
def untaught(monkeypatch):
    """The provider's hook as it is shipped; what a test adds is taken away again."""
    monkeypatch.setattr(SparkSubmitHook, "test_connection", None, raising=False)
    monkeypatch.delattr(SparkSubmitHook, "test_connection")


def tried(port: int) -> tuple[bool, str]:
    hook = SimpleNamespace(_connection={"master": f"spark://127.0.0.1:{port}"})
    return spark_connection._test_connection(hook)


@pytest.mark.usefixtures("untaught")
def test_the_hook_learns_its_test_once():
    """The provider ships none; should it ever, that one is kept."""
    spark_connection.teach()
    assert SparkSubmitHook.test_connection is spark_connection._test_connection
    SparkSubmitHook.test_connection = theirs = lambda hook: (True, "")
    spark_connection.teach()
    assert SparkSubmitHook.test_connection is theirs


@pytest.mark.parametrize(
    ("status", "workers", "works"),
    [("ALIVE", 1, True), ("ALIVE", 0, False), ("STANDBY", 1, False), ("RECOVERING", 1, False)],
)
def test_a_master_that_runs_nothing_fails(status, workers, works):
    """A standby master, or one without workers, takes a driver and lets it wait."""
    words = f"spark://h:7077 is {status} with {workers} workers"
    assert spark_connection.judge("spark://h:7077", status, workers) == (works, words)


def test_weirs_own_master_is_asked_for_its_state(monkeypatch):
    """An open port is not yet a cluster."""
    state = master.MasterState(status="ALIVE", alive_workers=2, drivers={}, apps=())
    asked = []
    monkeypatch.setattr(master, "fetch_master", lambda settings: asked.append(settings) or state)
    settings = Settings(_env_file=None, port_base=10_000)
    monkeypatch.setattr("weir.settings.load_settings", lambda: settings)
    assert tried(17077) == (True, "spark://127.0.0.1:17077 is ALIVE with 2 workers")
    assert asked == [settings]


def test_a_foreign_master_must_at_least_listen():
    """Its pages are not known; its port is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert tried(port) == (True, f"spark://127.0.0.1:{port} answers")
    verdict, words = tried(port)
    assert verdict is False
    assert words.startswith(f"spark://127.0.0.1:{port} does not answer: ")
