"""The test that Airflow's Spark connection lacks: is there a master, and does it take work?

The provider's hook has no `test_connection`, so the button in the pages and `airflow connections
test` would fail whatever the cluster does. `teach` gives it one; a release that brings its own
is left alone.
"""

from __future__ import annotations

import socket
from typing import Any

LIMIT_SECONDS = 5.0


def teach() -> None:
    """Give the provider's hook a connection test, if it has none."""
    from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook

    if not hasattr(SparkSubmitHook, "test_connection"):
        SparkSubmitHook.test_connection = _test_connection


def _test_connection(hook: Any) -> tuple[bool, str]:
    """Ask Weir's own master for its state; of another one, only whether the port is open."""
    from weir.ops.master import fetch_master
    from weir.settings import load_settings

    settings = load_settings()
    master = str(hook._connection["master"])
    if master == settings.spark_master_url:
        state = fetch_master(settings)
        return judge(master, state.status, state.alive_workers)
    host, _, port = master.removeprefix("spark://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), LIMIT_SECONDS).close()
    except (OSError, ValueError) as error:
        return False, f"{master} does not answer: {error}"
    return True, f"{master} answers"


def judge(master: str, status: str, alive_workers: int) -> tuple[bool, str]:
    """The verdict on a master, by its own word: without a worker it runs nothing."""
    works = status == "ALIVE" and alive_workers > 0
    return works, f"{master} is {status} with {alive_workers} workers"
