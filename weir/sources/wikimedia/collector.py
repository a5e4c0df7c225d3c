"""The Wikimedia collector: from EventStreams into Kafka, each event exactly once.

Events and the cursor that stands for them are one Kafka transaction, at most 200 ms long. The
source delivers at least once (it is asked again from before the cursor); `meta.id` removes what
comes twice, also across a kill: the memory of recent ids is read back from the topic itself.
Any doubt about a transaction ends the process (PublishError); the next start settles it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from weir.clock import Monotonic, monotonic
from weir.errors import ContractError
from weir.kafka.record import Message
from weir.kafka.transactional import CursorPublisher
from weir.sources.wikimedia.client import Frame
from weir.sources.wikimedia.cursor import REWIND_MS, Positions, restore_positions
from weir.sources.wikimedia.dedupe import DISORDER_MS, KEEP_MS
from weir.sources.wikimedia.frames import FrameQueue, Replay
from weir.sources.wikimedia.heartbeat import LetterBox
from weir.sources.wikimedia.intake import Intake
from weir.sources.wikimedia.reader import Reader
from weir.sources.wikimedia.status import State, Status

TRANSACTION_SECONDS = 0.2
TRANSACTION_RECORDS = 2_000
TRANSACTION_BYTES = 4 * 1024 * 1024
CURSOR_ONLY_SECONDS = 5.0  # canaries and duplicates move the cursor without a record
JOIN_SECONDS = 15.0
log = structlog.get_logger()

ReadSince = Callable[[int], Iterator[Message]]
"""The committed messages of our topic from a time stamp (unix ms) on."""


@dataclass(kw_only=True)
class Collector:
    """The writing side: takes frames, commits transactions; the reader has its own thread."""

    publisher: CursorPublisher
    intake: Intake
    frames: FrameQueue
    reader: Reader
    status: Status
    letters: LetterBox
    read_since: ReadSince
    now: Monotonic = monotonic
    _opened_at: float | None = None
    _reading: Future[None] = field(default_factory=Future)

    def run(self, stop: threading.Event, *, for_seconds: float | None = None) -> None:
        """Collect until `stop` or for so long; then finish the open transaction.

        Raises PublishError and Unavailable of Kafka; the source's troubles are waited out.
        """
        ends_at = None if for_seconds is None else self.now() + for_seconds
        thread = threading.Thread(target=self._read, name="wikimedia-reader", daemon=True)
        thread.start()
        try:
            while not stop.is_set() and (ends_at is None or self.now() < ends_at):
                if self._reading.done():
                    self._reading.result()
                    break
                item = self.frames.get(TRANSACTION_SECONDS / 4)
                if item is not None:
                    self._handle(item)
                if self._is_due():
                    self._commit()
            self._commit()
        finally:
            self.reader.close()
            thread.join(JOIN_SECONDS)
            self.status.state = State.STOPPED

    def _read(self) -> None:
        try:
            self.reader.run()
            self._reading.set_result(None)
        except BaseException as error:  # noqa: BLE001 - the writing thread raises it
            self._reading.set_exception(error)

    def _handle(self, item: list[Frame] | Replay) -> None:
        if isinstance(item, Replay):
            self._commit()
            self._expect_replay(item.since_ms)
        else:
            self.intake.take_all(item)
            if self._opened_at is None:
                self._opened_at = self.now()
        self.frames.handled()

    def _expect_replay(self, since_ms: int | None) -> None:
        """Know all ids since then, whichever topic they came from."""
        self.intake.recent.hold(since_ms)
        if since_ms is not None:
            for message in self.read_since(max(0, since_ms - DISORDER_MS)):
                self.intake.remember(message)

    def _is_due(self) -> bool:
        if self._opened_at is None:
            return False
        intake, open_seconds = self.intake, self.now() - self._opened_at
        if not intake.records:
            return open_seconds >= CURSOR_ONLY_SECONDS
        return (
            open_seconds >= TRANSACTION_SECONDS
            or len(intake.records) >= TRANSACTION_RECORDS
            or intake.payload_bytes >= TRANSACTION_BYTES
        )

    def _commit(self) -> None:
        """Publish what was taken, if anything changed."""
        self._opened_at = None
        if not self.intake.records and not self.intake.moved:
            return
        records, letters, cursor = self.intake.next_transaction()
        self.publisher.commit(records, cursor)
        self.letters.add(letters)
        self.status.events += len(records) - len(letters)
        self.status.dead_letters += len(letters)
        self.status.cursor = cursor
        self.status.newest_ms = self.intake.positions.newest_ms


def restore(cursor: dict[str, object] | None, mode: str) -> Positions:
    """The positions to go on from. Raises ContractError when they are of the other mode."""
    if cursor is None:
        return Positions()
    if cursor.get("mode") != mode:
        raise ContractError(
            f"the topic holds {cursor.get('mode')} events, the collector is set to {mode}",
            f"they are never mixed: `weir sources switch wikimedia {mode}` sets the others aside",
        )
    return restore_positions(cursor)


def rebuild_memory(intake: Intake, read_since: ReadSince) -> int:
    """Read recent ids back from the topic; return how many. Needs what could come again.

    The oldest topic decides how far back. Canaries pass every topic a few times an hour, so
    that is an hour of messages at most, about a second.
    """
    since_ms = intake.positions.since_ms
    if since_ms is None:
        return 0
    for message in read_since(max(0, since_ms + REWIND_MS - KEEP_MS)):
        intake.remember(message)
    return len(intake.recent)
