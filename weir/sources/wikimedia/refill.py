"""Bring what is missing of a past stretch of time from the source's history into the topic.

Exactly once: what the topic has is read from the topic itself, each publication is a transaction
under a name of its own, and only one refill works at a time. A refill that dies is done again and
publishes only the rest. It waits until the collector has left the window behind, so the two never
bring the same event; the collector goes on undisturbed.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from weir.clock import Monotonic, monotonic, utc_now
from weir.errors import Unavailable
from weir.kafka.dead_letters import DeadLetter
from weir.kafka.record import Message
from weir.kafka.transactional import CursorPublisher
from weir.ops.gaps import Gap, GapState
from weir.ops.window import TimeWindow
from weir.sources.wikimedia.backoff import PERSON_SECONDS, Ended, judge_end
from weir.sources.wikimedia.client import Frame, WikimediaClient
from weir.sources.wikimedia.parse import PAST_MS
from weir.sources.wikimedia.refill_sift import VIA_REFILL, Sift

REFILL = "wikimedia_refill"
KEPT = timedelta(milliseconds=PAST_MS) - timedelta(hours=1)
"""Older events would be stamped with the present; both modes of the source keep a week."""

TRANSACTION_RECORDS = 500  # short ones: an open transaction hides later events from readers
SETTLE_SECONDS = 10.0  # at the present, every topic of the source has sent its past by then
MAX_FAILURES = 5
MINUTE_MS = 60_000
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the topic has of a window. refilled: how many of `ids` an earlier refill brought."""

    ids: frozenset[str]
    refilled: int
    silent_minutes: int

    @property
    def collected(self) -> int:
        """Messages that the collector brought."""
        return len(self.ids) - self.refilled


class _Passed(Exception):
    """Everything of the window has been read."""


@dataclass(kw_only=True)
class Refill:
    """One window: reads the source until the window is passed, publishes what is missing."""

    sift: Sift
    client: WikimediaClient
    publisher: CursorPublisher
    events_per_second: float
    on_missing: Callable[[], None]
    on_letters: Callable[[list[DeadLetter]], object]
    now: Monotonic = monotonic
    pause: threading.Event = field(default_factory=threading.Event)
    published: int = 0
    refused: int = 0
    _began: float = 0.0
    _present_since: float | None = None

    def run(self) -> None:
        """Raises Unavailable when the source refuses or breaks off again and again."""
        self._began = self.now()
        failures = 0
        while not self._is_over():
            try:
                ended = self.client.read(self._take, since_ms=self.sift.resume_ms)
            except _Passed:
                break
            self._commit()
            failures = 0 if ended.events else failures + 1
            if not self._is_over():
                self._wait(ended, failures)
        self._commit()

    def _take(self, frames: list[Frame]) -> None:
        self.sift.take_all(frames)
        if len(self.sift.records) >= TRANSACTION_RECORDS:
            self._commit()
        if self._is_over():
            raise _Passed

    def _is_over(self) -> bool:
        if self.sift.at_present and self._present_since is None:
            self._present_since = self.now()
        settled = (
            self._present_since is not None and self.now() - self._present_since >= SETTLE_SECONDS
        )
        return self.sift.passed or settled

    def _wait(self, ended: Ended, failures: int) -> None:
        reaction = judge_end(ended, failures, random.random(), utc_now())
        if failures >= MAX_FAILURES or reaction.wait_seconds >= PERSON_SECONDS:
            raise Unavailable(
                f"the source does not give {self.sift.window}: {reaction.message}",
                "what was missing and came is published; the next refill brings the rest",
                retry_after_seconds=reaction.wait_seconds,
            )
        log.info("source broke off", how=reaction.message, wait=round(reaction.wait_seconds, 1))
        self.pause.wait(reaction.wait_seconds)

    def _commit(self) -> None:
        """Publish what was collected, then wait where we would go faster than allowed."""
        records, self.sift.records = self.sift.records, []
        if not records:
            return
        if not self.published and not self.refused:
            self.on_missing()
        letters, self.sift.letters = self.sift.letters, []
        progress = {"mode": self.sift.mode, "window": str(self.sift.window)}
        self.publisher.commit(records, progress | {"published": self.published + len(records)})
        self.on_letters(letters)
        self.published += len(records) - len(letters)
        self.refused += len(letters)
        ahead_seconds = self.published / self.events_per_second - (self.now() - self._began)
        if ahead_seconds > 0:
            self.pause.wait(ahead_seconds)


def read_known(messages: Iterable[Message], window: TimeWindow) -> Known:
    """What of the window is among the messages. Those without our headers are another's."""
    ids: set[str] = set()
    refilled: set[str] = set()
    minutes: set[int] = set()
    for message in messages:
        at_ms = message.timestamp_ms or 0
        name = next((value for key, value in message.headers if key == "id"), None)
        if name is None or not window.start_ms <= at_ms < window.end_ms:
            continue
        ids.add(name.decode())
        minutes.add(at_ms // MINUTE_MS)
        if VIA_REFILL in message.headers:
            refilled.add(name.decode())
    wanted = range(window.start_ms // MINUTE_MS, -(-window.end_ms // MINUTE_MS))
    return Known(
        ids=frozenset(ids), refilled=len(refilled), silent_minutes=len(set(wanted) - minutes)
    )


def judge_refill(
    gap: Gap, known: Known, *, published: int, refused: int, forgotten: bool
) -> Gap | None:
    """What became of the window; None: nothing was ever missing. `gap` says which window it is."""
    counts = replace(gap, present=known.collected, published=known.refilled + published)
    counts = replace(counts, refused=refused)
    if forgotten:
        if not known.silent_minutes:
            return None
        reason = f"{known.silent_minutes} minutes without any event, and the source forgot them"
        return replace(counts, state=GapState.PERMANENT, reason=reason)
    if counts.published or refused:
        reason = f"{counts.published} events were missing"
        return replace(counts, state=GapState.REFILLED, reason=reason)
    return None


def is_forgotten(window: TimeWindow, earliest_ms: int | None) -> bool:
    """Whether the source, asked for the window, gave only later events: it no longer has it."""
    return earliest_ms is not None and earliest_ms >= window.end_ms
