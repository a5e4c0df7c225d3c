"""The trigger that follows a stream by its lease, for months, while the task holds no slot.

What holds when things die: a triggerer that dies or stops ends only the watch, never the stream;
the next one watches anew from the database alone. A PostgreSQL that is away is waited for. Only a
person's clear, mark failed or mark success reaches `on_kill`, which asks the followed driver to
stop at a batch boundary and changes nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from airflow.triggers.base import BaseTrigger, TriggerEvent

from stream_ops.asking import ask_to_drain, epoch_meant
from stream_ops.words import is_lost, why
from weir.errors import Unavailable
from weir.ops.follow import Event, Sight, fetch_sight, followed_epoch, is_anothers, judge_sight
from weir.ops.lease import Pg
from weir.settings import load_settings
from weir.store.postgres import connect

POLL_SECONDS = 2.0
SURE_SECONDS = 10.0
"""A triggerer that comes back may revive, for a second or two, the watch of a run that is over.
Until a watch is older than this it speaks for its own driver only, not for a later one."""


class StreamTrigger(BaseTrigger):
    """Watch a stream until the task has something to do.

    epoch: that of the driver the task adopted; None for one that has yet to take the lease.
    means: the epoch that the task's own driver has, or will take.
    token: of the submission that the task made or adopted.
    parked: the stream is not wanted; watch for the wish instead.
    """

    def __init__(
        self,
        *,
        stream: str,
        epoch: int | None = None,
        means: int | None = None,
        token: str | None = None,
        parked: bool = False,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__()
        self.stream = stream
        self.epoch = epoch
        self.means = epoch if means is None else means
        self.token = token
        self.parked = parked
        self.poll_seconds = poll_seconds
        self._settings = load_settings()
        self._connection: Pg | None = None
        self._said = ""
        self._sure = False
        self._ours = self.means

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "stream": self.stream,
                "epoch": self.epoch,
                "means": self.means,
                "token": self.token,
                "parked": self.parked,
                "poll_seconds": self.poll_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        first: Sight | None = None
        began = time.monotonic()
        while True:
            now = await asyncio.to_thread(self._look)
            self._sure = time.monotonic() - began > SURE_SECONDS
            if now is not None:
                first = first or now
                if not self.parked:
                    self.epoch = followed_epoch(self.epoch, first, now, self.means)
                    self._ours = self._ours if is_anothers(self.token, now) else self.epoch
                event = judge_sight(
                    self.epoch, self.parked, first, now, watched_seconds=time.monotonic() - began
                )
                self._say(why(self.epoch, self.parked, now))
                if event is not None:
                    lost = event is Event.ENDED and is_lost(self.epoch, now)
                    said = f"{event}: {why(self.epoch, self.parked, now)}"
                    yield TriggerEvent({"event": event.value, "lost": lost, "why": said})
                    return
            await asyncio.sleep(self.poll_seconds)

    async def on_kill(self) -> None:
        """A person ended the task: its driver shall stop at a batch boundary.

        A triggerer may be late to say so. By then the next task may have submitted its driver,
        which goes on.
        """
        if self.parked:
            return
        epoch = await asyncio.to_thread(self._drain)
        self._say(f"a person ended the task: epoch {epoch} stops after the batch at work")

    async def cleanup(self) -> None:
        """Every end of the watch, also a restart of the triggerer: let go of the connection."""
        if self._connection is not None:
            await asyncio.to_thread(self._connection.close)

    def _drain(self) -> int:
        known = self._ours if self._sure or self.means is None else self.means
        epoch = epoch_meant(self._settings, self.stream, known)
        ask_to_drain(self._settings, self.stream, epoch)
        return epoch

    def _look(self) -> Sight | None:
        """One look; None while PostgreSQL is away, which is waited for without limit."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(
                    self._settings.dsn_file, application_name="weir-airflow", lock_timeout="5s"
                )
            return fetch_sight(self._connection, self.stream)
        except (Unavailable, psycopg.OperationalError) as error:
            self._connection = None
            self._say(f"waiting for PostgreSQL: {str(error).splitlines()[0]}")
            return None

    def _say(self, text: str) -> None:
        """Log on a change only: this log grows for as long as the stream runs."""
        if text != self._said:
            self.log.info("%s: %s", self.stream, text)
            self._said = text
