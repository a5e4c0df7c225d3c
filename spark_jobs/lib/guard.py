"""A batch that fails three times is taken apart until the message that it fails on is alone.

For every stream: `Guard.run(batch, process)` inside foreachBatch. `process(slice)` does all that a
stream does with these messages, in one deciding transaction that begins where the ledger
(`ops.query_offset`) stands and moves it to `slice.ends`; it must be harmless to call it again.
Usually the slice is the whole batch. After three failures it is called with parts, in order: the
same batch_id, each part begins where the one before ended. So a batch_id alone says nothing about
what was decided; offsets do. `messages_of` (lib/messages.py) reads the messages of a part.

Every trial is written to `ops.batch_attempt` before it begins, so a driver that dies on a batch
counts. What is no fault of the messages does not count (`is_surroundings`), what fails after the
ledger has moved neither. A message that fails three times alone becomes a dead letter, but only
if a slice without messages succeeds before the third time and after it: else something else is
broken, and counting begins anew. A part of a batch that killed its driver gives the restart breaker
a new beginning, because each time the part is smaller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol

import psycopg
import structlog

from spark_jobs.lib.checkpoint import Offsets
from spark_jobs.lib.control import StopRequested
from spark_jobs.lib.slices import Slice
from weir.errors import WeirError
from weir.kafka.dead_letters import readable
from weir.ops.lease import Fenced

log = structlog.get_logger()

MAX_ATTEMPTS: Final = 3
PARTS_AFTER_DEATH: Final = 16
PARTS_AFTER_ERROR: Final = 4
"""A death costs a restart of 20 s, a part a second: few levels, or few parts in all."""

DIED: Final = "the driver died"

# Classes of SQLSTATE: connection, login, state of the transaction (a standby that only reads),
# deadlock, permission and missing tables, resources, locks, shutdown, disk, a broken index or page.
# Not among them, though also an OperationalError: 54, a limit exceeded, such as a key that is too
# long for an index.
AWAY: Final = frozenset({"08", "25", "28", "40", "42", "53", "55", "57", "58", "XX"})
TOO_LONG: Final = "25P04"
"""A transaction over its time: it may be the batch that is too large, and parts are smaller."""

Process = Callable[[Slice], None]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One row of `ops.batch_attempt`."""

    begins: Offsets
    ends: Offsets
    attempts: int
    bisecting: bool
    last_error: str | None = None


class Trials(Protocol):
    """Where trials are kept and what a failure leads to: `lib/attempts.py`, on PostgreSQL."""

    def last(self) -> Trial | None:
        """The newest trial of this query, by whatever driver."""

    def write(self, trial: Trial) -> None:
        """Keep this trial in the place of the last. Raises Fenced."""

    def is_decided(self, piece: Slice) -> bool:
        """Whether the ledger has moved on from where the slice begins."""

    def forgive_restarts(self) -> None:
        """The deaths so far were on something larger than what is tried now."""

    def quarantine(self, piece: Slice, *, error: str, attempts: int) -> None:
        """Make the one message a dead letter and move the ledger over it."""


def is_surroundings(error: Exception) -> bool:
    """Whether the error says nothing about the messages: a service away, a contract, a stop."""
    if not isinstance(error, psycopg.Error):
        return isinstance(error, (WeirError, StopRequested))
    if error.sqlstate is None:  # not from the server: a lost connection, or a value it cannot send
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return error.sqlstate[:2] in AWAY and error.sqlstate != TOO_LONG


def first_line(error: Exception) -> str:
    """The error for a person: its type and the first line of its words, fit to be stored."""
    words = str(error).strip().splitlines() or [""]
    return readable(f"{type(error).__name__}: {words[0]}")[:300]


class Guard:
    """One per query. `pause` raises StopRequested when the stream shall stop between two parts."""

    def __init__(self, trials: Trials, pause: Callable[[], None]) -> None:
        self._trials = trials
        self._pause = pause
        self._last: Trial | None = None
        self._looked = False

    def run(self, batch: Slice, process: Process) -> None:
        """Process the batch, whole or in parts. Raises what `process` raised, until the third."""
        if not self._looked:
            self._last, self._looked = self._trials.last(), True
        before = self._last
        if before is None or before.begins != batch.begins:
            before = None
        if before is not None and before.bisecting:
            self._resume(batch, before, process)
        elif not self._whole(batch, before, process):
            if batch.size == 1:
                self._give_up(batch, process)
            else:
                self._bisect(self._narrowed(batch), process)
        self._last = None

    def _whole(self, batch: Slice, before: Trial | None, process: Process) -> bool:
        attempt = 1 + (before.attempts if before else 0)
        return attempt <= MAX_ATTEMPTS and self._tried(batch, attempt, False, process)

    def _resume(self, batch: Slice, before: Trial, process: Process) -> None:
        """A driver died on a part: it is smaller this time; then the rest of the batch."""
        head, rest = batch.cut(before.ends)
        if head.size == 0:
            head, rest = batch, batch.nothing()
        if head.size == 1:
            self._alone(head, process, before)
            self._bisect([rest], process)
        else:
            smaller = self._narrowed(head) if before.attempts else [head]
            self._bisect([*smaller, rest], process)

    def _narrowed(self, failed: Slice) -> list[Slice]:
        died = self._last is None or self._last.last_error is None
        self._trials.forgive_restarts()
        log.warning("bisecting", offsets=failed.size, begins=failed.begins)
        return failed.split(PARTS_AFTER_DEATH if died else PARTS_AFTER_ERROR)

    def _bisect(self, pieces: Iterable[Slice], process: Process) -> None:
        todo = deque(pieces)
        while todo:
            self._pause()
            piece = todo.popleft()
            if piece.size == 1:
                self._alone(piece, process, None)
            elif piece.size and not self._tried(piece, 1, True, process):
                todo.extendleft(reversed(self._narrowed(piece)))

    def _alone(self, piece: Slice, process: Process, before: Trial | None) -> None:
        done = before.attempts if before else 0
        for attempt in range(done + 1, MAX_ATTEMPTS + 1):
            if self._tried(piece, attempt, True, process):
                return
        self._give_up(piece, process)

    def _give_up(self, piece: Slice, process: Process) -> None:
        assert self._last is not None
        error = self._last.last_error or DIED
        with self._starting_anew_if_it_fails():
            process(piece.nothing())
            self._trials.quarantine(piece, error=error, attempts=MAX_ATTEMPTS)
        log.error("quarantined", place=piece.only_place(), error=error)

    @contextmanager
    def _starting_anew_if_it_fails(self) -> Iterator[None]:
        """Where no message can be at fault: what was found out so far may be false too."""
        try:
            yield
        except Exception:
            if self._last is not None:
                self._write(replace(self._last, attempts=0))
            raise

    def _tried(self, piece: Slice, attempt: int, bisecting: bool, process: Process) -> bool:
        """Try once; False if it failed and it is time to do something else than try again."""
        if piece.size == 1 and attempt == MAX_ATTEMPTS:
            with self._starting_anew_if_it_fails():
                process(piece.nothing())
        trial = Trial(
            begins=piece.begins,
            ends=piece.ends,
            attempts=attempt,
            bisecting=bisecting,
            last_error=self._last.last_error if self._last and attempt > 1 else None,
        )
        self._write(trial)
        try:
            process(piece)
            return True
        except Exception as error:
            if is_surroundings(error):
                if not isinstance(error, Fenced):
                    self._write(replace(trial, attempts=attempt - 1))
                raise
            self._write(replace(trial, last_error=first_line(error)))
            log.warning("failed", attempt=attempt, offsets=piece.size, error=first_line(error))
            out_of_tries = bisecting or attempt >= MAX_ATTEMPTS
            if not out_of_tries or self._trials.is_decided(piece):
                raise
            return False

    def _write(self, trial: Trial) -> None:
        self._trials.write(trial)
        self._last = trial
