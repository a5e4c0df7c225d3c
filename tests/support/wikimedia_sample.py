"""A sample server in a thread of the test, and an independent account of what it sends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from weir.sources.wikimedia.generator import SampleStream
from weir.sources.wikimedia.sample_faults import Faults
from weir.sources.wikimedia.sample_sender import Sender
from weir.sources.wikimedia.sample_server import PATH, SampleServer


@dataclass(frozen=True)
class RunningSample:
    """A listening sample server. Faults may be changed from the test's thread."""

    server: SampleServer
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    @property
    def faults(self) -> Faults:
        return self.server.faults


@contextmanager
def running_sample(
    source: SampleStream, *, total: int | None = None, fast: bool = True, **faults: object
) -> Iterator[RunningSample]:
    """Serve `source` on a free port until the block ends; new clients get event 0."""
    sender = Sender(source, source.rate, total, fast, faults=Faults(**faults))
    server = SampleServer(sender, from_beginning=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sample-server")
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(server.serve(0), loop).result(10)
    try:
        yield RunningSample(server, listening.sockets[0].getsockname()[1])
    finally:
        sender.closed = True
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*connections, return_exceptions=True)


def recent_source(total: int, *, rate: float = 1000.0, **more: int) -> SampleStream:
    """A stream whose `total` events have all just happened."""
    start_ms = int(time.time() * 1000 - total * 1000 / rate) - 1000
    return SampleStream(start_ms=start_ms, rate=rate, **more)


def sent_ids(source: SampleStream, total: int) -> list[str]:
    """The ids of the edits among the first `total` events, read from the events themselves."""
    metas = [orjson.loads(source.event(index))["meta"] for index in range(total)]
    return [meta["id"] for meta in metas if meta["domain"] != "canary"]
