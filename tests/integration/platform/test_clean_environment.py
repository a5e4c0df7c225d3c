"""What a component sees of the environment of whoever typed `weir up`."""

from __future__ import annotations

import os

import psutil

from tests.support.platform import running_platform
from weir.platform.component import pid_file
from weir.platform.layout import Layout


def test_a_secret_in_the_callers_environment_reaches_no_component(monkeypatch):
    """Spark's worker hands its environment to every driver below it."""
    monkeypatch.setenv("CANARY_API_KEY", "do-not-pass-on")
    with running_platform("spark-master") as settings:
        pid = int(pid_file(Layout(settings), "spark-master").read_text())
        environment = psutil.Process(pid).environ()
        assert "CANARY_API_KEY" not in environment
        assert environment["PATH"] == os.environ["PATH"]
