"""When the reader asks the source again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest

from weir.clock import utc_now
from weir.sources.wikimedia.backoff import Ended
from weir.sources.wikimedia.client import Frame
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.frames import FrameQueue
from weir.sources.wikimedia.parse import Place
from weir.sources.wikimedia.reader import Reader
from weir.sources.wikimedia.status import State, Status


class SilentClient:
    """Notes each request and ends it at once."""

    url = "http://nowhere"

    def __init__(self) -> None:
        self.asked: queue.Queue[str | None] = queue.Queue()

    def read(self, deliver: object, *, last_event_id: str | None, **_: object) -> Ended:
        self.asked.put(last_event_id)
        return Ended(what="over", events=1)

    def close(self) -> None:
        """There is nothing to close."""


class OpeningClient:
    """Opens one connection, notes the status and ends the reader."""

    url = "http://nowhere"
    reader: Reader
    seen: tuple[State, str | None, object]

    def read(self, deliver: object, *, on_open: Callable[[], None], **_: object) -> Ended:
        on_open()
        status = self.reader.status
        self.seen = (status.state, status.last_error, status.last_error_at)
        self.reader.stop.set()
        return Ended(what="over")

    def close(self) -> None:
        """There is nothing to close."""


def test_a_resume_waits_until_everything_read_has_moved_the_position():
    """An older position would bring back what the memory has meanwhile forgotten."""
    client, frames, positions = SilentClient(), FrameQueue(), Positions()
    reader = Reader(
        client=client,
        frames=frames,
        positions=positions,
        status=Status(clock=utc_now, started_at=utc_now()),
        clock=utc_now,
        fraction=lambda: 0.0,
    )
    frames.put([Frame("", b"{}")])
    thread = threading.Thread(target=reader.run)
    thread.start()
    try:
        with pytest.raises(queue.Empty):
            client.asked.get(timeout=0.1)
        frames.get(0)
        positions.advance(Place("eqiad.rc", 0), 9_000_000)
        frames.handled()
        assert "8995000" in (client.asked.get(timeout=10) or "")
    finally:
        reader.close()
        thread.join(10)


def test_an_open_connection_ends_what_was_wrong():
    """Each connection is cut once in a while; that is no trouble that lasts."""
    reader = Reader(
        client=OpeningClient(),
        frames=FrameQueue(),
        positions=Positions(),
        status=Status(clock=utc_now, started_at=utc_now()),
        clock=utc_now,
    )
    reader.status.note_error("cut")
    reader.client.reader = reader
    reader.run()
    assert reader.client.seen == (State.STREAMING, None, None)
