"""A local stand-in for EventStreams: real framing, resume, cuts and refusals, sample events.

`GET /v2/stream/recentchange` streams; `GET|POST /_faults` shows and changes what goes wrong.
Loopback only. Run as `python -m weir.sources.wikimedia.sample_server`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import structlog

from weir.logs import configure_logging
from weir.ports import Port
from weir.settings import load_settings
from weir.sources.wikimedia import sample_http as http
from weir.sources.wikimedia.generator import DATACENTRES, EPOCH_MS, STREAM, SampleStream
from weir.sources.wikimedia.sample_faults import Faults
from weir.sources.wikimedia.sample_position import RETENTION_MS, BadPosition, begin
from weir.sources.wikimedia.sample_replay import read_replay
from weir.sources.wikimedia.sample_sender import Sender

PATH = "/v2/stream/recentchange"
KEPT_MINUTES = 15.0  # a platform that was away is not flooded with what was made up meanwhile
TOPICS = tuple(f"{name}.{STREAM}" for name in DATACENTRES)
log = structlog.get_logger()


@dataclass
class SampleServer:
    """Answers requests. from_beginning: a client without a position gets event 0, not the latest.

    retention_ms: a position older than this begins at latest; None keeps everything.
    history_ms: the same for `since`.
    """

    sender: Sender
    from_beginning: bool = False
    retention_ms: int | None = RETENTION_MS
    history_ms: int | None = RETENTION_MS
    requests: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=200))

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.sender.faults

    async def serve(self, port: int) -> asyncio.Server:
        """Listen on loopback; port 0 takes a free one."""
        return await asyncio.start_server(self._connection, "127.0.0.1", port)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await http.read_request(reader)
            if request.path == "/_faults":
                writer.write(self._answer_faults(request))
            elif request.path == "/_health":
                writer.write(http.whole_response(200, b"ok\n"))
            elif request.path == PATH:
                await self._answer_stream(request, writer)
            else:
                writer.write(http.whole_response(404, b"no such stream\n"))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ValueError) as error:
            log.debug("sample connection ended", reason=str(error))
        finally:
            writer.close()

    def _answer_faults(self, request: http.Request) -> bytes:
        if request.method == "POST":
            try:
                self.faults.change(orjson.loads(request.body))
            except (ValueError, AttributeError) as error:
                return http.whole_response(400, f"{error}\n".encode())
        shown: dict[str, Any] = {
            "faults": self.faults.as_dict(),
            "events_sent": self.sender.events_sent,
        }
        return http.whole_response(200, orjson.dumps({**shown, "requests": list(self.requests)}))

    async def _answer_stream(self, request: http.Request, writer: asyncio.StreamWriter) -> None:
        agent = request.headers.get("user-agent", "")
        last_event_id = request.headers.get("last-event-id", "")
        since = request.query.get("since", "")
        self.requests.append({"user_agent": agent, "last_event_id": last_event_id, "since": since})
        if "bot" not in agent.lower() or "(" not in agent:
            writer.write(http.whole_response(403, b"name your bot and a contact\n"))
            return
        if self.faults.take("refusals"):
            retry = {"Retry_After": self.faults.retry_after} if self.faults.retry_after else {}
            writer.write(http.whole_response(self.faults.refuse_status, b"refused\n", **retry))
            return
        if last_event_id and self.faults.take("refuse_positions"):
            writer.write(http.whole_response(400, b"position refused\n"))
            return
        try:
            now_ms = int(time.time() * 1000)
            latest = 0 if self.from_beginning else self.sender.head_index()
            positions = begin(
                self.sender.source,
                TOPICS,
                last_event_id=last_event_id,
                since=since,
                latest=latest,
                oldest_ms=_before(now_ms, self.retention_ms),
                oldest_since_ms=_before(now_ms, self.history_ms),
            )
        except BadPosition as error:
            writer.write(http.whole_response(400, f"{error}\n".encode()))
            return
        kind = {"Content-Type": "text/event-stream; charset=utf-8", "X-Weir-Sample": "1"}
        writer.write(http.response_head(200, {**kind, "Transfer-Encoding": "chunked"}))
        writer.write(http.chunk(b":ok\n\n"))
        await self.sender.send(writer, positions)


def _before(now_ms: int, kept_ms: int | None) -> int | None:
    return None if kept_ms is None else now_ms - kept_ms


def read_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; defaults come from the settings."""
    settings = load_settings()
    parser = argparse.ArgumentParser(prog="wikimedia-sample", description=__doc__)
    parser.add_argument("--port", type=int, default=settings.port(Port.WIKIMEDIA_SAMPLE))
    parser.add_argument("--rate", type=float, default=settings.wikimedia_sample_rate)
    parser.add_argument("--replay", type=Path, default=settings.wikimedia_sample_replay)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start-ms", type=int, default=EPOCH_MS)
    parser.add_argument("--switch-every", type=int, default=0, help="events per data centre")
    parser.add_argument("--total", type=int, help="events there are at all")
    parser.add_argument("--fast", action="store_true", help="do not wait for an event's time")
    parser.add_argument("--from-beginning", action="store_true", help="new clients get event 0")
    parser.add_argument(
        "--retention-minutes",
        type=float,
        default=KEPT_MINUTES,
        help="a position older than this begins at the latest event",
    )
    parser.add_argument(
        "--history-hours",
        type=float,
        default=RETENTION_MS / 3_600_000,
        help="`since` older than this begins at the latest event",
    )
    return parser.parse_args(arguments)


def build_server(options: argparse.Namespace) -> SampleServer:
    """The server that the command line asks for. Raises SettingError."""
    if options.replay:
        replay = read_replay(options.replay, options.rate)
        total = len(replay.lines)
        sender = Sender(replay, options.rate, total, options.fast, one_by_one=True)
        return SampleServer(sender, from_beginning=True, retention_ms=None, history_ms=None)
    source = SampleStream(
        seed=options.seed,
        start_ms=options.start_ms,
        rate=options.rate,
        switch_every=options.switch_every,
    )
    sender = Sender(source, options.rate, options.total, options.fast)
    return SampleServer(
        sender,
        from_beginning=options.from_beginning,
        retention_ms=int(options.retention_minutes * 60_000),
        history_ms=int(options.history_hours * 3_600_000),
    )


async def run(options: argparse.Namespace) -> None:
    """Serve until the process is told to end."""
    server = build_server(options)
    listening = await server.serve(options.port)
    port = listening.sockets[0].getsockname()[1]
    log.info("sample server ready", url=f"http://127.0.0.1:{port}{PATH}")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    listening.close()
    server.sender.closed = True


if __name__ == "__main__":
    configure_logging()
    asyncio.run(run(read_arguments()))
