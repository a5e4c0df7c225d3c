"""Which frames of the source's history are missing in our topic. No I/O.

An event belongs to the window by the time stamp of its record, so each event belongs to exactly
one window, whoever asks. What is known is known by `meta.id`; a refusal by its SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from weir.kafka.dead_letters import DeadLetter, dlq_record
from weir.kafka.record import Record, size_in_bytes
from weir.ops.window import TimeWindow
from weir.sources.wikimedia.client import Frame
from weir.sources.wikimedia.cursor import REWIND_MS, Positions
from weir.sources.wikimedia.dedupe import DISORDER_MS
from weir.sources.wikimedia.intake import event_record, source_letter
from weir.sources.wikimedia.parse import Refusal, parse_event, parse_positions, refuse

VIA_REFILL = ("via", b"refill")
"""Header of what was brought later, so that a count of it survives a crash of who brought it."""


@dataclass(kw_only=True)
class Sift:
    """Takes frames, collects missing records; knows when everything of the window has passed."""

    window: TimeWindow
    topic: str
    mode: str
    limit_bytes: int
    known: set[str]
    now_ms: int  # when the reading began: further than that, the source has only news
    records: list[Record] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    positions: Positions = field(default_factory=Positions)
    earliest_ms: int | None = None
    _at_ms: int = 0

    def take_all(self, frames: list[Frame]) -> None:
        """Take what one network read brought."""
        self.positions.note(set(parse_positions(frames[-1].marker)))
        for frame in frames:
            self.take(frame)

    def take(self, frame: Frame) -> None:
        """Keep the frame if it is of the window and missing."""
        event = parse_event(frame.marker, frame.data, self.now_ms)
        if isinstance(event, Refusal):
            # It has no time of its own: it stands between two events that have one.
            if self._is_inside(self._at_ms):
                self._bury(event, frame.data)
            return
        if event.place is not None:
            self.positions.advance(event.place, event.after_ms)
        self._at_ms = event.timestamp_ms
        if self.earliest_ms is None or event.timestamp_ms < self.earliest_ms:
            self.earliest_ms = event.timestamp_ms
        if event.is_canary or event.id in self.known or not self._is_inside(event.timestamp_ms):
            return
        self.known.add(event.id)
        record = event_record(
            event, frame.data, topic=self.topic, mode=self.mode, more=(VIA_REFILL,)
        )
        size_bytes = size_in_bytes(record)
        if size_bytes > self.limit_bytes:
            reason = f"too large: {size_bytes} bytes, {self.topic} takes {self.limit_bytes}"
            self._bury(refuse(reason, frame.data), frame.data)
        else:
            self.records.append(record)

    @property
    def passed(self) -> bool:
        """Every topic of the source has gone beyond the window, disorder included."""
        seen = self.positions.seen
        beyond_ms = self.window.end_ms + DISORDER_MS
        return bool(seen) and not self.positions.unseen and min(seen.values()) > beyond_ms

    @property
    def at_present(self) -> bool:
        """Some topic has come to where the source was when the reading began."""
        return max(self.positions.seen.values(), default=0) >= self.now_ms

    @property
    def resume_ms(self) -> int:
        """From where to ask again after a cut: nothing of the window may be left out."""
        since_ms = self.positions.since_ms
        if since_ms is None or self.positions.unseen:
            return self.window.start_ms
        return max(self.window.start_ms, since_ms)

    def _is_inside(self, at_ms: int) -> bool:
        return self.window.start_ms <= at_ms < self.window.end_ms

    def _bury(self, refusal: Refusal, data: bytes) -> None:
        if refusal.sha256 in self.known:
            return
        self.known.add(refusal.sha256)
        letter = source_letter(refusal, data, topic=self.topic, mode=self.mode)
        self.letters.append(letter)
        self.records.append(dlq_record(letter))


def is_collected(positions: Positions, window: TimeWindow, rewind_ms: int = REWIND_MS) -> bool:
    """Whether the collector can no longer bring an event of the window by itself.

    It asks again from `rewind_ms` before its position, and also gets what is out of order there.
    Without a position it has not begun: it begins at the source's present.
    """
    if not positions.seen:
        return True
    return min(positions.seen.values()) - rewind_ms - DISORDER_MS > window.end_ms
