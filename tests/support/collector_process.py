"""The real collector in a real process, started again whenever it dies, as the platform does."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.platform import environment
from weir.kafka.transactional import TransactionalPublisher
from weir.settings import REPO, Settings
from weir.sources.wikimedia.cursor import Positions


def forget_cursor(settings: Settings) -> None:
    """Let the next collector begin anew, whatever an earlier test has collected."""
    publisher = TransactionalPublisher(settings, "wikimedia")
    publisher.start()
    publisher.commit([], Positions().as_cursor("sample"))


def collector_command(*words: str) -> list[str]:
    """The command that the platform runs."""
    return [sys.executable, "-m", "weir.cli", "collect", "wikimedia", *words]


def collector_environment(
    settings: Settings, *, url: str, topic: str, **more: str
) -> dict[str, str]:
    """Environment of a collector from `url` into `topic`; `more` are WEIR_ settings."""
    own = {
        "WEIR_WIKIMEDIA_URL": url,
        "WEIR_WIKIMEDIA_TOPIC": topic,
        "WEIR_WIKIMEDIA_MODE": "sample",
    }
    return environment(settings) | own | more


class SupervisedCollector:
    """Starts the collector again when it ends by itself or is killed."""

    def __init__(self, environment: dict[str, str], log_file: Path) -> None:
        self.exit_codes: list[int] = []
        self.log_file = log_file
        self._environment = environment
        self._ending = False
        self._process = self._launch()
        self._watch = threading.Thread(target=self._supervise)
        self._watch.start()

    @property
    def log(self) -> str:
        """All that its lives have said."""
        return self.log_file.read_text()

    def kill(self) -> None:
        """kill -9 the present life, or the next one if it just ended by itself."""
        eventually(lambda: self._process.poll(), lambda code: code is None, every_seconds=0.01)
        self._process.send_signal(signal.SIGKILL)

    def end(self) -> int:
        """SIGTERM; the exit code of the last life."""
        self._ending = True
        self._process.send_signal(signal.SIGTERM)
        self._watch.join(60)
        return self.exit_codes[-1]

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                collector_command(),
                env=self._environment,
                cwd=REPO,
                stdout=log,
                stderr=log,
            )

    def _supervise(self) -> None:
        pause = threading.Event()
        while True:
            self.exit_codes.append(self._process.wait())
            if self._ending:
                return
            pause.wait(0.2)
            self._process = self._launch()


@contextmanager
def supervised_collector(
    environment: dict[str, str], log_file: Path
) -> Iterator[SupervisedCollector]:
    """A collector that is always there until the block ends."""
    collector = SupervisedCollector(environment, log_file)
    try:
        yield collector
    finally:
        collector.end()
