"""What the collector knows about itself, for `ops.collector` and the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from weir.clock import Clock


class State(StrEnum):
    """What the collector is doing."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass
class Status:
    """Counters since the start. Each field has one writing thread; readers may be a beat behind."""

    clock: Clock
    started_at: datetime
    state: State = State.CONNECTING
    events: int = 0
    canaries: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    reconnects: int = 0
    last_event_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    newest_ms: int | None = None
    cursor: dict[str, object] | None = None

    def note_error(self, message: str) -> None:
        """Keep what went wrong last, for people."""
        readable = message.replace("\x00", "\\x00")  # PostgreSQL takes no NUL
        self.last_error, self.last_error_at = readable, self.clock()

    def note_streaming(self) -> None:
        """The source answers: what was wrong is over."""
        self.state, self.last_error, self.last_error_at = State.STREAMING, None, None
