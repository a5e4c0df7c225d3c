"""What happens outside of the drivers, at any time: people, the wake-up service, losses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.support.protocol.sealed import PRODUCER, end_transaction
from tests.support.protocol.slips import Slip
from tests.support.protocol.world import ALL, DUE, NOTHING, Scope, World, chunks, rows_of


class Event(NamedTuple):
    """Something that may happen now."""

    what: str
    world: World
    fences: str = ""


def events(world: World, scope: Scope, slip: Slip | None) -> Iterator[Event]:
    """Everything that may happen around the drivers in this world."""
    yield from people(world, scope, slip)
    yield from wake_service(world, scope, slip)
    yield from losses(world, slip)


def people(world: World, scope: Scope, slip: Slip | None) -> Iterator[Event]:
    """Somebody subscribes, sends or cancels a campaign, or answers; the clock passes a start."""
    for client in _bits(scope.joiners & ~world.subscribers):
        joined = world._replace(
            subscribers=world.subscribers | client, changes=world.changes | client
        )
        yield Event("a client subscribes", joined)
    sent = sum(record >= 0 for record in world.input)
    if sent < scope.campaigns:
        yield Event("a campaign arrives", world._replace(input=(*world.input, sent)))
    if not world.started:
        yield Event("the start of a held campaign passes", world._replace(started=True))
    if scope.may_cancel and not world.cancelled:
        yield Event("a campaign is cancelled", world._replace(cancelled=True))
    settled = world.open is None or slip is Slip.ANSWER_TOO_SOON
    if world.refused and world.answer == NOTHING and settled:
        yield Event("a person answers", world._replace(answer=published(world, scope)))


def losses(world: World, slip: Slip | None) -> Iterator[Event]:
    """A topic, a checkpoint or an open transaction is lost; a late commit arrives."""
    if world.topic_losses and world.marker != NOTHING:
        yield Event("the progress topic is lost", lose_topic(world, slip))
    if world.checkpoint_losses and (world.committed or world.planned != NOTHING):
        left = world.checkpoint_losses - 1
        lost = world._replace(committed=0, planned=NOTHING, batch=0, checkpoint_losses=left)
        yield Event("the checkpoint is lost", lost)
        yield Event("a checkpoint of the first batch comes back", lost._replace(planned=1))
    if world.late and world.open is not None:
        yield Event("the late commit arrives", end_transaction(world))
    if world.open is not None:
        gone = world._replace(open=None, late=False)
        yield Event("the broker gives an open transaction up", gone, PRODUCER)


def lose_topic(world: World, slip: Slip | None) -> World:
    """The topic is there again and empty, with another id: an answer about the old one is void."""
    after = world._replace(marker=NOTHING, topic_losses=world.topic_losses - 1)
    if world.open is not None:
        after = after._replace(open=(world.open[0], NOTHING))
    return after if slip is Slip.ANSWER_KEPT else after._replace(refused=False, answer=NOTHING)


def wake_service(world: World, scope: Scope, slip: Slip | None) -> Iterator[Event]:
    """Read who joined and what is due, send a wake-up, note it; a crash comes first in the list."""
    if not scope.wakes:
        return
    stage, taken = world.waking
    if stage == "":
        if not world.changes and not is_due(world):
            return
        if slip is Slip.WAKE_ASKS_FIRST and world.offset == 0:
            yield Event("wake finds no campaign to wake", world._replace(changes=0))
        else:
            yield Event("wake reads", world._replace(waking=("read", world.changes)))
        return
    yield Event("wake crashes", world._replace(waking=("", 0)))
    following = ("half", taken) if stage == "read" else ("", 0)
    sends = (stage == "read") != (slip is Slip.WAKE_NOTES_FIRST)
    if not sends:
        noted = world._replace(changes=world.changes & ~taken, waking=following)
        yield Event("wake notes the change as told", noted)
    elif sum(record < 0 for record in world.input) < scope.wakes:
        records = [DUE] * is_due(world) + [-taken] * bool(taken)
        sent = world._replace(input=(*world.input, *records), waking=following)
        yield Event("wake sends", sent)


def is_due(world: World) -> bool:
    """A held campaign has reached its start and was not sent; every look finds it anew."""
    known = 0 in world.input[: world.offset]
    return known and world.started and not world.cancelled and not world.table & rows_of(0, ALL)


def published(world: World, scope: Scope) -> int:
    """Chunks that a person finds in the output topic: they are there in order."""
    found = 0
    for chunk in chunks(world.ledger, scope.rows_per_chunk):
        if chunk & ~world.seen:
            break
        found += 1
    return found


def _bits(clients: int) -> Iterator[int]:
    while clients:
        yield clients & -clients
        clients &= clients - 1
