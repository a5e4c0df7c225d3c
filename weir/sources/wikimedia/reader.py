"""Keeps a connection to the source, and hands its frames over; runs in a thread of its own."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from weir.clock import Clock
from weir.sources.wikimedia.backoff import Ended, Reaction, judge_end
from weir.sources.wikimedia.client import WikimediaClient
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.frames import Closed, FrameQueue, Replay
from weir.sources.wikimedia.status import State, Status

log = structlog.get_logger()


@dataclass(kw_only=True)
class Reader:
    """Connects, resumes, waits, for ever; `stop` ends it."""

    client: WikimediaClient
    frames: FrameQueue
    positions: Positions
    status: Status
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)
    fraction: Callable[[], float] = random.random

    def run(self) -> None:
        """Read until stopped. An error that nobody expected passes, and ends the collector."""
        attempt, use_since, held = 0, False, False
        try:
            while not self.stop.is_set():
                self.status.state = State.CONNECTING
                # Before asking again, everything read so far must have moved the positions.
                self.frames.wait_until_handled()
                since_ms = self.positions.since_ms if use_since else None
                if held or since_ms is not None:
                    self.frames.put(Replay(since_ms))
                    self.frames.wait_until_handled()
                    held = since_ms is not None
                ended = self._read(since_ms)
                reaction = judge_end(ended, attempt, self.fraction(), self.clock())
                attempt = 0 if reaction.resets_attempts else attempt + 1
                use_since = reaction.use_since
                self._wait(ended, reaction)
        except Closed:
            log.debug("reader ended")

    def close(self) -> None:
        """End the thread soon, from another one."""
        self.stop.set()
        self.frames.close()
        self.client.close()

    def _read(self, since_ms: int | None) -> Ended:
        position = None if since_ms is not None else self.positions.last_event_id()
        log.info("connecting", url=self.client.url, position=position, since_ms=since_ms)

        return self.client.read(
            self.frames.put,
            last_event_id=position,
            since_ms=since_ms,
            on_open=self.status.note_streaming,
        )

    def _wait(self, ended: Ended, reaction: Reaction) -> None:
        if self.stop.is_set():
            return
        self.status.state = State.WAITING
        self.status.reconnects += 1
        self.status.note_error(reaction.message)
        log.warning(
            "connection ended",
            reason=reaction.message,
            events=ended.events,
            wait_seconds=round(reaction.wait_seconds, 2),
        )
        self.stop.wait(reaction.wait_seconds)
