"""Our protocol: seal a batch in one PostgreSQL transaction, then publish what is sealed.

Each function is one atomic step of a driver and returns every way in which it can end. A step
that ends the process returns no driver. The first way listed is the one without a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.support.protocol.slips import Slip
from tests.support.protocol.world import (
    ALL,
    NOTHING,
    Driver,
    Scope,
    World,
    asked_for,
    chunks,
    read,
    rows_of,
    runs_now,
)

LEASE, PRODUCER = "lease", "producer"  # what a step takes away from all other drivers


class Move(NamedTuple):
    """One way in which a step ends."""

    what: str
    world: World
    driver: Driver | None
    fences: str = ""


class Sealed:
    """The protocol for one scope, with or without a slip."""

    def __init__(self, scope: Scope, slip: Slip | None = None) -> None:
        self.scope = scope
        self.slip = slip
        self.first = Driver()
        self._steps: dict[str, Callable[[World, Driver], list[Move]]] = {
            "look": self.look,
            "fence": self.fence,
            "mark": self.mark,
            "set marker": self.set_marker,
            "publish": self.publish,
            "commit": self.commit,
            "audience": self.audience,
            "seal": self.seal,
        }

    def steps(self, world: World, driver: Driver) -> list[Move]:
        """What this driver can do next; empty when it waits for input."""
        return self._steps[driver.at](world, driver)

    def is_spent(self, driver: Driver) -> bool:
        """Whether all that a fenced driver still does is to find out and die."""
        if driver.at in ("audience", "seal"):
            return not driver.leased and self.slip is not Slip.NO_EPOCH
        return driver.at in ("commit", "set marker") and not driver.producing

    # -- start -----------------------------------------------------------------------------

    def look(self, world: World, driver: Driver) -> list[Move]:
        """Begin where the ledger stands; a checkpoint that is not next to it is set aside."""
        then = driver._replace(at="mark" if self.slip is Slip.MARKER_BEFORE_FENCE else "fence")
        fits = world.offset in (world.committed, world.planned)
        if fits or self.slip is Slip.SKIP_BY_BATCH_ID:
            return [Move("resumes", world, then._replace(start=world.committed))]
        after = world._replace(committed=world.offset, planned=NOTHING)
        return [Move("sets the checkpoint aside", after, then._replace(start=world.offset))]

    def fence(self, world: World, driver: Driver) -> list[Move]:
        """init_transactions: older producers are out, their open transaction is aborted."""
        after = world._replace(open=None, late=False)
        at = "mark"
        if self.slip is Slip.MARKER_BEFORE_FENCE:
            at = "publish" if driver.last > 0 else "set marker"
        then = driver._replace(at=at, producing=True)
        return [Move("fences older producers", after, then, PRODUCER)]

    def mark(self, world: World, driver: Driver) -> list[Move]:
        """Read the progress topic to its end; an empty one must be explained."""
        then = "fence" if self.slip is Slip.MARKER_BEFORE_FENCE else "publish"
        if world.marker != NOTHING:
            return [Move("reads the marker", world, driver._replace(at=then, last=world.marker))]
        if self.slip is Slip.EMPTY_MEANS_NEW or (world.offset == 0 and then == "fence"):
            return [Move("takes nothing as published", world, driver._replace(at=then, last=0))]
        if world.offset == 0:
            at = "publish" if self.slip is Slip.NO_FIRST_MARKER else "set marker"
            return [Move("finds all empty", world, driver._replace(at=at, last=0))]
        if self.slip is Slip.EMPTY_MEANS_DONE:
            done = len(chunks(world.ledger, self.scope.rows_per_chunk))
            return [Move("takes all as published", world, driver._replace(at=then, last=done))]
        if world.answer != NOTHING:
            told = driver._replace(at="set marker", last=world.answer)
            return [Move("takes the person's answer", world, told)]
        return [Move("refuses", world._replace(refused=True), None)]

    def set_marker(self, world: World, driver: Driver) -> list[Move]:
        """A transaction with nothing but the marker: nothing sealed, or a person's answer."""
        if not driver.producing:
            return [Move("is fenced", world, None)]
        after = world._replace(marker=driver.last)
        return [Move("sets the marker", after, driver._replace(at="publish"))]

    # -- publish ---------------------------------------------------------------------------

    def publish(self, world: World, driver: Driver) -> list[Move]:
        """Begin the next chunk that is sealed and not published; else go on with Spark."""
        chunk = self._next_chunk(world, driver)
        if chunk is None:
            return self._spark(world, driver)
        if not driver.producing:
            return [Move("is fenced", world, None)]
        if self.slip is Slip.PLAIN_AND_FLAG:
            return [Move("sends a chunk", read(world, chunk), driver._replace(at="commit"))]
        after = world._replace(open=(chunk, NOTHING))
        return [Move("sends a chunk", after, driver._replace(at="commit"))]

    def commit(self, world: World, driver: Driver) -> list[Move]:
        """Send the marker and the commit; the answer may be lost, the request may come late."""
        done = driver._replace(at="publish", last=driver.last + 1)
        if self.slip is Slip.PLAIN_AND_FLAG:
            return [Move("flags the chunk", world._replace(marker=done.last), done)]
        if not driver.producing or world.open is None:
            return [Move("is fenced", world, None)]
        rows = world.open[0]
        marked = done.last
        if self.slip is Slip.MARKER_PER_BATCH and not self._ends_a_batch(world, done.last):
            marked = NOTHING
        asked = world._replace(open=(rows, marked))
        again = driver._replace(at="publish") if self.slip is Slip.COMMIT_AGAIN else None
        return [
            Move("commits the chunk", end_transaction(asked), done),
            Move("commits, the answer is lost", end_transaction(asked), again),
            Move("asks for a commit that comes late", asked._replace(late=True), again),
        ]

    # -- batch -----------------------------------------------------------------------------

    def _spark(self, world: World, driver: Driver) -> list[Move]:
        if driver.end != NOTHING:
            return [self._finish(world, driver)]
        if len(world.input) == driver.start:
            return []
        if world.committed != driver.start:
            return [Move("meets another's checkpoint", world, None)]
        end = world.planned if world.planned != NOTHING else len(world.input)
        planned = driver._replace(at="audience", begun=driver.start, end=end)
        planned = planned._replace(batch=world.batch)
        return [Move(f"plans {driver.start}..{end}", world._replace(planned=end), planned)]

    def _finish(self, world: World, driver: Driver) -> Move:
        """Spark's commit log. A checkpoint that another moved stays as it is."""
        then = driver._replace(start=driver.end, end=NOTHING, rows=0, saw_cancel=False, batch=0)
        then = then._replace(begun=NOTHING)
        if world.committed != driver.start:
            return Move("meets another's checkpoint", world, None)
        after = world._replace(committed=driver.end, planned=NOTHING)
        if self.slip is Slip.SKIP_BY_BATCH_ID:
            after = after._replace(batch=world.batch + 1)
        return Move("notes the batch in the checkpoint", after, then)

    def audience(self, world: World, driver: Driver) -> list[Move]:
        """Read the subscribers, perhaps from another server: not one moment with the commit."""
        early = world.cancelled and self.slip is Slip.CANCEL_READ_EARLY
        then = driver._replace(at="seal", rows=world.subscribers, saw_cancel=early)
        return [Move("reads the subscribers", world, then)]

    def seal(self, world: World, driver: Driver) -> list[Move]:
        """One transaction: epoch, offsets, states, rows. A lost answer is asked for again."""
        if not driver.leased and self.slip is not Slip.NO_EPOCH:
            return [Move("is fenced", world, None)]
        then = driver._replace(at="publish", rows=0)
        if self.slip is Slip.NO_CATCH_UP:
            then = then._replace(last=len(chunks(world.ledger, self.scope.rows_per_chunk)))
        if self._is_sealed(world, driver):
            return [Move("skips what is sealed", world, then)]
        if driver.begun != world.offset and self.slip is not Slip.SKIP_BY_BATCH_ID:
            return [Move("stops: other offsets", world, None)]
        cancelled = driver.saw_cancel if self.slip is Slip.CANCEL_READ_EARLY else world.cancelled
        after = self._decide(world, driver, driver.end, cancelled)
        ways = [
            Move(f"seals {driver.begun}..{driver.end}", after, then),
            Move("seals, the answer is lost", after, driver),
        ]
        middle = driver.begun + 1
        if middle < driver.end and not self._counts_batches:
            after = self._decide(world, driver, middle, cancelled)
            rest = driver._replace(at="audience", begun=middle, rows=0, saw_cancel=False)
            ways.append(Move(f"takes a batch apart, seals {driver.begun}..{middle}", after, rest))
        return ways

    def _decide(self, world: World, driver: Driver, end: int, cancelled: bool) -> World:
        rows = 0
        for campaign, clients in asked_for(world, driver.begun, end, driver.rows):
            if runs_now(world, campaign, cancelled=cancelled):
                rows |= rows_of(campaign, clients)
        rows &= ~world.table
        return world._replace(
            ledger=(*world.ledger, rows) if rows or self._counts_batches else world.ledger,
            table=world.table | rows,
            offset=end,
            late_cancel=world.late_cancel or (world.cancelled and bool(rows & rows_of(0, ALL))),
        )

    @property
    def _counts_batches(self) -> bool:
        return self.slip is Slip.SKIP_BY_BATCH_ID

    def _is_sealed(self, world: World, driver: Driver) -> bool:
        if self._counts_batches:
            return driver.batch < len(world.ledger)
        return driver.end <= world.offset

    def _next_chunk(self, world: World, driver: Driver) -> int | None:
        sealed = chunks(world.ledger, self.scope.rows_per_chunk)
        if driver.last >= len(sealed):
            return None
        if self.slip is Slip.NO_CATCH_UP and driver.end == NOTHING:
            return None
        return sealed[driver.last]

    def _ends_a_batch(self, world: World, number: int) -> bool:
        size = self.scope.rows_per_chunk
        ends = {len(chunks(world.ledger[:n], size)) for n in range(1, len(world.ledger) + 1)}
        return number in ends


def end_transaction(world: World) -> World:
    """The coordinator commits what is open."""
    assert world.open is not None
    rows, marker = world.open
    after = read(world, rows)._replace(open=None, late=False)
    return after if marker == NOTHING else after._replace(marker=marker)
