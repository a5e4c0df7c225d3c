"""The proof of life of a driver, every 2 s, and the answer it brings: go on, drain, or end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg
import structlog

from spark_jobs.lib.control import Control
from weir import __version__
from weir.errors import Unavailable
from weir.ops import lease, ledger
from weir.settings import Settings
from weir.store.postgres import connect

log = structlog.get_logger()
SETTLED_SECONDS = 60.0
FORGET_EVERY_BEATS = 1800  # an hour


class Pulse(threading.Thread):
    """Writes the heartbeat of one epoch until it is fenced or the process ends.

    PostgreSQL away: the stream goes on as far as it can, the pulse tries again each beat.
    """

    def __init__(
        self,
        settings: Settings,
        stream: str,
        epoch: int,
        control: Control,
        also: Sequence[Callable[[], None]],
    ) -> None:
        super().__init__(name="pulse", daemon=True)
        self.app_id = ""
        self.ui_url: str | None = None
        self._settings = settings
        self._stream = stream
        self._epoch = epoch
        self._control = control
        self._also = also
        self._beat = 0
        self._connection: lease.Pg | None = None
        self._noted = False
        self._started_at = datetime.now(UTC)
        self._ended = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        while not self._ended.is_set():
            try:
                self.beat(lived_seconds=time.monotonic() - began)
            except lease.Fenced as error:
                log.error("fenced", stream=self._stream, error=error.what)
                self._control.fenced.set()
                self._control.stop.set()
                return
            except (Unavailable, psycopg.OperationalError) as error:
                log.warning("no proof of life", error=str(error).splitlines()[0])
                self._connection = None
            self._ended.wait(lease.BEAT_SECONDS)

    def end(self) -> None:
        """Stop beating."""
        self._ended.set()

    def beat(self, *, lived_seconds: float) -> None:
        """One proof of life. Raises Fenced."""
        connection = self._connect()
        self._beat += 1
        now = lease.send_beat(
            connection,
            self._stream,
            lease.Beat(
                epoch=self._epoch,
                beat=self._beat,
                started_at=self._started_at,
                app_id=self.app_id,
                ui_url=self.ui_url,
                version=__version__,
                last_batch=self._control.last_batch,
            ),
        )
        if now.desired != "run" or now.draining:
            self._control.stop.set()
        if not self._noted and (self._control.batches or lived_seconds > SETTLED_SECONDS):
            lease.note_work(connection, self._stream, self._epoch)
            self._noted = True
        if self._beat % FORGET_EVERY_BEATS == 1:
            ledger.forget_old_progress(connection, self._stream)
        for act in self._also:
            act()

    def _connect(self) -> lease.Pg:
        if self._connection is None or self._connection.closed:
            name = lease.application_name(self._stream, self._epoch)
            self._connection = connect(
                self._settings.dsn_file, application_name=name, lock_timeout="5s"
            )
        return self._connection
