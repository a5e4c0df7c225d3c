"""How a matrix starts, kills and wakes drivers: real ones on the cluster, or plain processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from pathlib import Path
from typing import Protocol

from tests.support.drivers import processes_with
from tests.support.eventually import eventually
from weir.ops.driver_file import DriverFile, write_driver_file
from weir.ops.launch import kill_driver, submit
from weir.ops.master import WAITING, fetch_master
from weir.ops.streams import StreamSpec
from weir.settings import REPO, Settings

PATIENCE_SECONDS = 300.0


class Drivers(Protocol):
    """Drivers of one stream; a token is one submission, which is relaunched when it fails."""

    def start(self, settings: Settings, spec: StreamSpec) -> str:
        """Submit a driver; its token. Does not wait."""

    def kill(self, token: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to every process of the driver."""

    def launches(self, token: str) -> int:
        """How often the submission was launched; rises when its driver died."""

    def wait_gone(self, token: str) -> None:
        """Wait until the submission has ended for good."""

    def end(self) -> None:
        """Leave no process behind."""


class OnCluster:
    """Spark's drivers, supervised by its worker."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._ids: dict[str, str] = {}
        self._jvms: dict[str, set[int]] = {}

    def start(self, settings: Settings, spec: StreamSpec) -> str:
        token = uuid.uuid4().hex
        self._settings = settings
        self._ids[token] = submit(settings, spec, token)
        return token

    def kill(self, token: str, number: signal.Signals = signal.SIGKILL) -> None:
        for pid in processes_with(token).values():
            os.kill(pid, number)

    def launches(self, token: str) -> int:
        seen = self._jvms.setdefault(token, set())
        seen |= {pid for name, pid in processes_with(token).items() if name == "jvm"}
        return len(seen)

    def wait_gone(self, token: str) -> None:
        eventually(
            lambda: self._state(token),
            lambda state: state not in WAITING,
            within_seconds=PATIENCE_SECONDS,
        )

    def end(self) -> None:
        for token, driver_id in self._ids.items():
            self.kill(token, signal.SIGCONT)
            if self._settings and self._state(token) in WAITING:
                kill_driver(self._settings, driver_id)

    def _state(self, token: str) -> str | None:
        assert self._settings
        return fetch_master(self._settings).drivers.get(self._ids[token])


class Plain:
    """Processes of `joiner`, relaunched by a thread each, as Spark's worker does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._watchers: dict[str, threading.Thread] = {}
        self._launches: Counter[str] = Counter()
        self._over = threading.Event()

    def start(self, settings: Settings, spec: StreamSpec) -> str:
        token = uuid.uuid4().hex
        conf_file = self._folder / f"{spec.name}.json"
        content = DriverFile(settings=settings, spec=spec, checkpoints=self._folder)
        write_driver_file(conf_file, content)
        words = [sys.executable, "-m", "tests.faults.step3.joiner"]
        words += ["--conf-file", str(conf_file), "--token", token]
        watcher = threading.Thread(target=self._supervise, args=(token, words), daemon=True)
        self._watchers[token] = watcher
        watcher.start()
        return token

    def kill(self, token: str, number: signal.Signals = signal.SIGKILL) -> None:
        if token in self._processes:
            self._processes[token].send_signal(number)

    def launches(self, token: str) -> int:
        return self._launches[token]

    def wait_gone(self, token: str) -> None:
        self._watchers[token].join(PATIENCE_SECONDS)
        assert not self._watchers[token].is_alive(), "the driver goes on"

    def end(self) -> None:
        self._over.set()
        for token, watcher in self._watchers.items():
            self.kill(token)
            watcher.join(PATIENCE_SECONDS)

    def _supervise(self, token: str, words: list[str]) -> None:
        with (self._folder / f"driver-{token}.log").open("ab") as log:
            while not self._over.is_set():
                process = subprocess.Popen(words, cwd=REPO, stdout=log, stderr=log)
                self._processes[token] = process
                self._launches[token] += 1
                if self._over.is_set():
                    process.kill()
                if process.wait() == 0:
                    return
