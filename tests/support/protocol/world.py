"""What every process of the model sees: tables, topics and the checkpoint, as small numbers.

A row is one bit: campaign * CLIENTS + client. A set of rows is an int.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

CLIENTS = 4
ALL = (1 << CLIENTS) - 1
DUE = -1 << CLIENTS  # a wake-up: a start is due. The others are -clients: these are new
NOTHING = -1


@dataclass(frozen=True, kw_only=True)
class Scope:
    """How much may happen in one exploration."""

    incarnations: int
    campaigns: int = 1
    at_first: int = 1  # campaigns that are in the topic from the beginning
    clients: int = 0b11
    joiners: int = 0b100
    rows_per_chunk: int = 2
    wakes: int = 2
    topic_losses: int = 1
    checkpoint_losses: int = 0
    held: bool = False  # campaign 0 starts later
    may_cancel: bool = False  # campaign 0 may be cancelled


class World(NamedTuple):
    """Everything shared. The model of one transaction or one request is one new World."""

    # PostgreSQL
    ledger: tuple[int, ...] = ()  # rows of each sealed batch that has some
    table: int = 0  # rows of subscribers_feedback
    offset: int = 0  # how far the input is sealed
    subscribers: int = 0
    changes: int = 0  # who joined, not yet noted as told
    flags: int = 0  # rows marked as published, in protocols that do so
    started: bool = True
    cancelled: bool = False
    late_cancel: bool = False  # rows were sealed after the cancellation
    refused: bool = False  # a driver asked for a person
    answer: int = NOTHING  # chunks that the person found in the output topic
    # Kafka
    input: tuple[int, ...] = ()  # a campaign's record is its number, wake-ups are negative
    seen: int = 0  # rows that a read_committed reader has got
    twice: int = 0
    marker: int = NOTHING  # chunks published, by the progress topic
    open: tuple[int, int] | None = None  # (rows, marker) of the open transaction
    late: bool = False  # a commit request is on its way
    # Spark
    committed: int = 0  # the checkpoint's last finished offset
    planned: int = NOTHING  # end of the batch that the checkpoint has planned
    batch: int = 0  # its number, in protocols that care
    # the wake-up service, and faults still allowed
    waking: tuple[str, int] = ("", 0)
    topic_losses: int = 0
    checkpoint_losses: int = 0


class Driver(NamedTuple):
    """One incarnation of the driver and what it remembers."""

    at: str = "look"
    leased: bool = True  # its epoch is the newest
    producing: bool = False  # its producer epoch is the newest
    last: int = NOTHING  # chunks published, as it knows
    start: int = NOTHING
    begun: int = NOTHING  # where the part of the batch begins that is sealed next
    end: int = NOTHING
    rows: int = 0  # what it computed or read for its batch
    saw_cancel: bool = False
    batch: int = 0


def first_world(scope: Scope) -> World:
    return World(
        subscribers=scope.clients,
        started=not scope.held,
        input=tuple(range(scope.at_first)),
        topic_losses=scope.topic_losses,
        checkpoint_losses=scope.checkpoint_losses,
    )


def rows_of(campaign: int, clients: int) -> int:
    """One row for each of the clients."""
    return clients << (campaign * CLIENTS)


def read(world: World, rows: int) -> World:
    """A concurrent reader gets these rows."""
    return world._replace(seen=world.seen | rows, twice=world.twice | (world.seen & rows))


@cache
def chunks(ledger: tuple[int, ...], rows_per_chunk: int) -> tuple[int, ...]:
    """The chunks of all sealed batches, in order; a chunk never spans two batches."""
    found = []
    for rows in ledger:
        while rows:
            chunk = 0
            for _ in range(rows_per_chunk):
                lowest = rows & -rows
                chunk |= lowest
                rows ^= lowest
            found.append(chunk)
    return tuple(found)


def asked_for(world: World, start: int, end: int, audience: int) -> Iterator[tuple[int, int]]:
    """(campaign, clients) that the records of a batch ask to look at."""
    for record in world.input[start:end]:
        if record >= 0:
            yield record, audience
        elif record == DUE:
            yield 0, audience
        else:
            known = {campaign for campaign in world.input[: world.offset] if campaign >= 0}
            for campaign in known:
                if campaign or world.table & rows_of(0, ALL):  # a held one is not active yet
                    yield campaign, audience & -record


def runs_now(world: World, campaign: int, *, cancelled: bool) -> bool:
    """Whether the campaign may be sent at this moment."""
    return campaign != 0 or (world.started and not cancelled)
