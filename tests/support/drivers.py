"""Drivers as the tests see them: their records, their processes, and a cluster of a test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.support.eventually import eventually
from tests.support.platform import free_port_base
from tests.support.stream_specs import wikimedia_spec
from weir.ops.launch import kill_driver, submit_application
from weir.ops.master import WAITING, fetch_master
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.platform.spark import Spark
from weir.settings import REPO, Settings

GROUND_DRIVER = REPO / "tests" / "integration" / "ground" / "ground_driver.py"


class Ground:
    """One submission of the ground driver and the file it writes."""

    def __init__(self, settings: Settings, folder: Path, name: str) -> None:
        self.record = folder / name
        self._settings = settings
        self._submitted: list[str] = []

    def submit(self, what: str) -> str:
        """Submit; the driver's id."""
        layout = Layout(self._settings)
        resources = {
            "driver_memory_mb": 512,
            "executor_memory_mb": 512,
            "executor_cores": 1,
            "shuffle_partitions": 1,
        }
        spec = wikimedia_spec("ground", resources=resources)
        driver_id = submit_application(layout, spec, str(GROUND_DRIVER), str(self.record), what)
        self._submitted.append(driver_id)
        return driver_id

    def end(self) -> None:
        """Kill what still runs, so that no driver outlives its test."""
        for driver_id in self._submitted:
            if fetch_master(self._settings).drivers.get(driver_id) in WAITING:
                kill_driver(self._settings, driver_id)

    def lines(self, what: str) -> list[dict[str, Any]]:
        """The lines of one kind, so far."""
        if not self.record.exists():
            return []
        lines = [json.loads(line) for line in self.record.read_text().splitlines()]
        return [line for line in lines if line["what"] == what]

    def wait(self, what: str, times: int = 1, within_seconds: float = 90.0) -> dict[str, Any]:
        """Wait until a line of this kind was written so many times; the newest."""
        seen = eventually(
            lambda: self.lines(what), lambda s: len(s) >= times, within_seconds=within_seconds
        )
        return seen[-1]


def processes_with(argument: str) -> dict[str, int]:
    """Process ids of the driver whose arguments hold this text: {"jvm": ..., "python": ...}."""
    found: dict[str, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue  # it ended meanwhile
        if argument not in words or state == "Z":
            continue
        if "org.apache.spark.deploy.worker.DriverWrapper" in words:
            found["jvm"] = int(entry.name)
        elif any(word.endswith(".py") for word in words[:3]):
            found["python"] = int(entry.name)
    return found


def executors_of(app_id: str) -> list[int]:
    """Process ids of the executors of an application."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue  # it ended meanwhile
        if app_id in words and "org.apache.spark.executor.CoarseGrainedExecutorBackend" in words:
            found.append(process.pid)
    return found


class OwnCluster:
    """A master and a worker that a test may kill."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._spark = Spark(Layout(settings))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._prepared: set[str] = set()

    def start_master(self) -> None:
        """Start the master; do not wait for it."""
        self._start("master", self._spark.master())

    def start_worker(self) -> None:
        """Start the worker and wait until the master counts it."""
        worker = self._spark.worker(0)
        self._start("worker", worker)
        eventually(worker.healthy, bool, within_seconds=60)

    def kill(self, name: str) -> None:
        """kill -9 and wait for the end."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def kill_all(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def _start(self, name: str, component: Component) -> None:
        if name not in self._prepared:  # once: at a start of the platform, not at a restart
            component.prepare()
            self._prepared.add(name)
        log = (Layout(self.settings).logs / f"{name}.log").open("ab")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            **component.env,
        }
        self._processes[name] = subprocess.Popen(
            component.argv, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        log.close()


@contextmanager
def own_cluster(folder: Path) -> Iterator[OwnCluster]:
    """A running cluster in a folder whose name has a space."""
    settings = Settings(_env_file=None, home=folder / "own cluster", port_base=free_port_base())
    Layout(settings).create()
    cluster = OwnCluster(settings)
    cluster.start_master()
    try:
        cluster.start_worker()
        yield cluster
    finally:
        cluster.kill_all()
