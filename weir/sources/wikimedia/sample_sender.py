"""Sends the events of one connection of the sample server, with the faults that are due."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import structlog

from weir.sources.wikimedia import sample_http as http
from weir.sources.wikimedia.sample_faults import Faults
from weir.sources.wikimedia.sample_position import Positions, Source

BATCH_EVENTS = 64
LOOK_SECONDS = 0.02
log = structlog.get_logger()


@dataclass
class Sender:
    """What all connections share.

    total: events there are at all, then silence. fast: do not wait for an event's time.
    one_by_one: 1/rate second between events, also when many are due (a recording).
    """

    source: Source
    rate: float
    total: int | None = None
    fast: bool = False
    one_by_one: bool = False
    faults: Faults = field(default_factory=Faults)
    events_sent: int = 0
    closed: bool = False

    def head_index(self) -> int:
        """The first event that has not happened yet."""
        head = self.source.index_at(int(time.time() * 1000) + 1)
        return head if self.total is None else min(head, self.total)

    async def send(self, writer: asyncio.StreamWriter, positions: Positions) -> None:
        """Send until the client leaves or a fault ends the connection."""
        index, sent, batch = min(positions.start_index.values()), 0, BATCH_EVENTS
        if self.one_by_one and not self.fast:
            batch = 1
        while not (writer.transport.is_closing() or self.closed):
            frames, ending = self._extra_frames(positions, sent), ""
            end = self._end_index(index)
            while index < end and len(frames) < batch and not ending:
                topic = self.source.topic(index)
                if index >= positions.start_index.get(topic, 0):
                    frame = self._frame(positions, topic, index)
                    sent += 1
                    ending = self._ending(sent)
                    frames.append(frame[: len(frame) // 2] if ending == "mid" else frame)
                index += 1
            if frames:
                writer.write(http.chunk(b"".join(frames)))
                await writer.drain()
            if ending:
                await self._finish(writer, sent, ending)
                return
            if batch == 1:
                await asyncio.sleep(1 / self.rate)
            elif index >= end:
                await asyncio.sleep(LOOK_SECONDS)
            else:
                await asyncio.sleep(0)  # drain() alone lets no other connection in

    def _end_index(self, index: int) -> int:
        if not self.fast:
            return self.head_index()
        return index + BATCH_EVENTS if self.total is None else self.total

    def _frame(self, positions: Positions, topic: str, index: int) -> bytes:
        self.events_sent += 1
        marker = positions.pass_event(topic, self.source.timestamp_ms(index))
        return b"event: message\nid: %b\ndata: %b\n\n" % (marker, self.source.event(index))

    def _extra_frames(self, positions: Positions, sent: int) -> list[bytes]:
        frames = [f"{line}\n".encode() for line in self.faults.inject_lines]
        self.faults.inject_lines.clear()
        if sent:  # an id needs a position
            for text in self.faults.inject:
                body = text.encode("utf-8", "surrogatepass")
                marker = positions.as_id()
                frames.append(b"event: message\nid: %b\ndata: %b\n\n" % (marker, body))
            self.faults.inject.clear()
        return frames

    def _ending(self, sent: int) -> str:
        faults = self.faults
        if sent >= faults.cut_after_events and faults.take("cuts"):
            return "mid" if faults.cut_mid_event else "cut"
        if sent >= faults.error_after_events and faults.take("error_events"):
            return "error"
        if sent >= faults.silent_after_events and faults.take("silences"):
            return "silent"
        return ""

    async def _finish(self, writer: asyncio.StreamWriter, sent: int, how: str) -> None:
        log.info("sample fault", fault=how, events=sent)
        if how == "error":
            writer.write(http.chunk(b'event: error\ndata: {"message": "sample error"}\n\n'))
            await writer.drain()
        while how == "silent" and not (writer.transport.is_closing() or self.closed):
            await asyncio.sleep(LOOK_SECONDS)
        # No last chunk: like the edge that cuts, the client sees an incomplete chunked read.
