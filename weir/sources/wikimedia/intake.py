"""From frames to records: parse, drop what came before, move the position. No I/O.

Grain: one record per `meta.id`, key = the wiki's domain, value = the original bytes. Headers:
`id`, `src` (the source's topic: both rebuild the dedupe memory after a restart) and `mode`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from weir.clock import Clock
from weir.kafka.dead_letters import DeadLetter, dlq_record
from weir.kafka.record import Headers, Message, Record, size_in_bytes
from weir.sources.wikimedia.client import Frame
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.dedupe import RecentIds
from weir.sources.wikimedia.parse import Event, Refusal, parse_event, parse_positions, refuse
from weir.sources.wikimedia.status import Status

SOURCE = "wikimedia"


@dataclass(kw_only=True)
class Intake:
    """Collects the records of the next transaction in `records`, and their letters."""

    topic: str
    mode: str
    limit_bytes: int
    positions: Positions
    recent: RecentIds
    status: Status
    clock: Clock
    records: list[Record] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    payload_bytes: int = 0
    moved: bool = False

    def take_all(self, frames: list[Frame]) -> None:
        """Take what one network read brought."""
        now_ms = int(self.clock().timestamp() * 1000)
        self.status.last_event_at = self.clock()
        self.positions.note(set(parse_positions(frames[-1].marker)))
        for frame in frames:
            self.take(frame, now_ms)

    def take(self, frame: Frame, now_ms: int) -> None:
        """Turn one frame into a record, a dead letter or nothing."""
        event = parse_event(frame.marker, frame.data, now_ms)
        if isinstance(event, Refusal):
            self._bury(event, frame.data, now_ms)
            return
        if event.place is not None:
            self.positions.advance(event.place, event.after_ms)
            self.moved = True
        if not self.recent.add(event.topic, event.id, event.timestamp_ms):
            self.status.duplicates += 1
            return
        if event.is_canary:
            self.status.canaries += 1
            return
        record = event_record(event, frame.data, topic=self.topic, mode=self.mode)
        size_bytes = size_in_bytes(record)
        if size_bytes > self.limit_bytes:
            reason = f"too large: {size_bytes} bytes, {self.topic} takes {self.limit_bytes}"
            self._bury(refuse(reason, frame.data), frame.data, now_ms)
            return
        self._add(record, len(frame.data))

    def next_transaction(self) -> tuple[list[Record], list[DeadLetter], dict[str, Any]]:
        """Hand out what was collected with the cursor that stands for it, and begin anew."""
        batch = (self.records, self.letters, self.positions.as_cursor(self.mode))
        self.records, self.letters, self.payload_bytes, self.moved = [], [], 0, False
        return batch

    def remember(self, message: Message) -> None:
        """Put a published message back into the dedupe memory."""
        headers = dict(message.headers)
        name, topic = headers.get("id"), headers.get("src")
        if name is not None and topic is not None:
            self.recent.add(topic.decode(), name.decode(), message.timestamp_ms or 0)

    def _bury(self, refusal: Refusal, data: bytes, now_ms: int) -> None:
        if not self.recent.add("", refusal.sha256, now_ms):
            self.status.duplicates += 1
            return
        letter = source_letter(refusal, data, topic=self.topic, mode=self.mode)
        self.letters.append(letter)
        self._add(dlq_record(letter), len(data))

    def _add(self, record: Record, size_bytes: int) -> None:
        self.records.append(record)
        self.payload_bytes += size_bytes


def event_record(event: Event, data: bytes, *, topic: str, mode: str, more: Headers = ()) -> Record:
    """The record of an event that has an id."""
    return Record(
        topic=topic,
        value=data,
        key=None if event.domain is None else event.domain.encode(),
        headers=(
            ("id", event.id.encode()),
            ("src", event.topic.encode()),
            ("mode", mode.encode()),
            *more,
        ),
        timestamp_ms=event.timestamp_ms,
    )


def source_letter(refusal: Refusal, data: bytes, *, topic: str, mode: str) -> DeadLetter:
    """The letter of data that never came into `topic`."""
    return DeadLetter(
        topic=topic,
        refused_by=SOURCE,
        reason=refusal.reason,
        value=data,
        source=SOURCE,
        headers=(("mode", mode.encode()),),
    )
