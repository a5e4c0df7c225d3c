"""One SSE connection to EventStreams, by httpx and httpx-sse. Reconnecting is the caller's.

The body is read as latin-1, one character per byte, so that `data` comes out as the original
bytes even where they are no UTF-8. (SSE ends lines at CR and LF only, the same in both.)
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import httpx
from httpx_sse import EventSource, SSEError

from weir import __version__
from weir.sources.wikimedia.backoff import Ended

CONNECT_SECONDS = 10.0
MAX_LINE_BYTES = 11 * 1024 * 1024
"""A longer line is cut here: it becomes a dead letter, not a process without memory."""


class Frame(NamedTuple):
    """One SSE message: its id line and the bytes of its data."""

    marker: str
    data: bytes


def user_agent(contact: str, mode: str) -> str:
    """What Wikimedia's policy asks for: `<client>/<version> (<contact>) <library>/<version>`."""
    whom = contact or f"{mode} data, no contact set"
    return f"WeirBot/{__version__} ({whom}) httpx/{httpx.__version__}"


class WikimediaClient:
    """Reads one connection at a time; `close` ends it from another thread."""

    def __init__(self, url: str, agent: str, *, idle_seconds: float) -> None:
        self.url = url
        self._agent = agent
        self._timeout = httpx.Timeout(CONNECT_SECONDS, read=idle_seconds)
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._closed = False

    def read(
        self,
        deliver: Callable[[list[Frame]], None],
        *,
        last_event_id: str | None = None,
        since_ms: int | None = None,
        on_open: Callable[[], None] = lambda: None,
    ) -> Ended:
        """Deliver what arrives, one list per network read, until the connection ends.

        A message that was cut in the middle is not delivered. What `deliver` raises passes.
        """
        headers = {"User-Agent": self._agent, "Accept": "text/event-stream"}
        headers |= {"Cache-Control": "no-store", "Accept-Encoding": "identity"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        params = {} if since_ms is None else {"since": str(since_ms)}
        sink = _Batches(deliver)
        try:
            with (
                httpx.Client(timeout=self._timeout, trust_env=True) as http,
                http.stream("GET", self.url, headers=headers, params=params) as response,
            ):
                if response.status_code != 200:
                    return Ended(
                        what=f"refused with {response.status_code}",
                        status=response.status_code,
                        retry_after=response.headers.get("retry-after", ""),
                        had_position=last_event_id is not None,
                    )
                self._hold_socket(response)
                on_open()
                what = sink.drain(response)
        except httpx.ReadTimeout:
            what = f"no byte for {self._idle_seconds:g} s"
        except (httpx.TransportError, httpx.InvalidURL) as error:
            what = f"connection lost: {error or type(error).__name__}"
        except SSEError as error:
            what = f"not an event stream: {error}"
        finally:
            with self._lock:
                self._socket = None
        sink.hand_over()
        return Ended(what=what, events=sink.events, had_position=last_event_id is not None)

    def close(self) -> None:
        """End the connection, if there is one, and every later one at its start."""
        with self._lock:
            self._closed = True
            self._shut_down()

    def _hold_socket(self, response: httpx.Response) -> None:
        stream = response.extensions["network_stream"]
        with self._lock:
            self._socket = stream.get_extra_info("socket")
            if self._closed:
                self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is None:
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            self._socket = None  # it ended by itself meanwhile


class _Batches:
    """Collects frames and hands them over before each wait for the network."""

    def __init__(self, deliver: Callable[[list[Frame]], None]) -> None:
        self.events = 0
        self._deliver = deliver
        self._batch: list[Frame] = []

    def drain(self, response: httpx.Response) -> str:
        """Read to the end; return how it ended."""
        response.encoding = "latin-1"
        source = EventSource(cast(httpx.Response, _BoundedText(response, self.hand_over)))
        for event in source.iter_sse():
            if event.event == "error":
                return f"the server reports an error: {_text(event.data[:200])}"
            if event.data and event.event in ("message", ""):
                self.events += 1
                self._batch.append(Frame(event.id, event.data.encode("latin-1")))
        return "the server ended the connection"

    def hand_over(self) -> None:
        """Deliver what has been collected."""
        if self._batch:
            batch, self._batch = self._batch, []
            self._deliver(batch)


def _text(latin: str) -> str:
    return latin.encode("latin-1").decode("utf-8", "replace")


class _BoundedText:
    """The part of a response that EventSource uses; cuts endless lines, reports each wait."""

    def __init__(self, response: httpx.Response, before_read: Callable[[], None]) -> None:
        self.headers: Any = response.headers
        self._response = response
        self._before_read = before_read

    def iter_text(self) -> Iterator[str]:
        length = 0  # of the line that has not ended yet
        for text in self._response.iter_text():
            end = text.rfind("\n")
            if length + len(text) <= MAX_LINE_BYTES:
                length = length + len(text) if end < 0 else len(text) - end - 1
                yield text
            else:
                first = text.find("\n")
                room = max(0, MAX_LINE_BYTES - length)
                length = length + len(text) if end < 0 else len(text) - end - 1
                yield text[:room] if first < 0 else text[: min(first, room)] + text[first:]
            self._before_read()
