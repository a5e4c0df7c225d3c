"""The protocols that are usually built. Each is a list of steps for one batch, repeated by Spark.

They are here to be seen failing: an explorer that finds nothing wrong with them finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from tests.support.protocol.sealed import PRODUCER, Move
from tests.support.protocol.world import (
    NOTHING,
    Driver,
    Scope,
    World,
    asked_for,
    read,
    rows_of,
    runs_now,
)


class Usual(Enum):
    """What people write in foreachBatch."""

    PUBLISH_ALL = "insert, then send all computed rows"
    PUBLISH_NEW = "insert, then send the rows that were new"
    PUBLISHED_AT = "insert, send what is not flagged, then flag it"
    KAFKA_FIRST = "send in a Kafka transaction, then insert"
    UNSEALED = "epoch, Kafka transaction and marker, but each try computes anew"


RECIPES = {
    Usual.PUBLISH_ALL: ("compute", "insert", "send", "finish"),
    Usual.PUBLISH_NEW: ("compute", "insert new", "send", "finish"),
    Usual.PUBLISHED_AT: ("compute", "insert", "send unflagged", "flag", "finish"),
    Usual.KAFKA_FIRST: ("compute", "send", "insert", "finish"),
    Usual.UNSEALED: ("fence", "compute", "insert with epoch", "send once", "finish"),
}


class Simpler:
    """One of the usual protocols for one scope."""

    def __init__(self, scope: Scope, usual: Usual) -> None:
        self.scope = scope
        self.recipe = RECIPES[usual]
        self.first = Driver(at=self.recipe[0])
        self._steps: dict[str, Callable[[World, Driver], list[Move]]] = {
            "fence": self.fence,
            "compute": self.compute,
            "insert": self.insert,
            "insert new": self.insert_new,
            "insert with epoch": self.insert_with_epoch,
            "send": self.send,
            "send unflagged": self.send_unflagged,
            "send once": self.send_once,
            "flag": self.flag,
            "finish": self.finish,
        }

    def steps(self, world: World, driver: Driver) -> list[Move]:
        """What this driver can do next; empty when it waits for input."""
        return self._steps[driver.at](world, driver)

    def is_spent(self, driver: Driver) -> bool:
        return False

    def _then(self, driver: Driver) -> Driver:
        return driver._replace(at=self.recipe[self.recipe.index(driver.at) + 1])

    def fence(self, world: World, driver: Driver) -> list[Move]:
        return [
            Move(
                "fences older producers",
                world,
                self._then(driver)._replace(producing=True),
                PRODUCER,
            )
        ]

    def compute(self, world: World, driver: Driver) -> list[Move]:
        """Plan as the checkpoint says, and join with the subscribers of this moment."""
        start = world.committed
        end = world.planned if world.planned != NOTHING else len(world.input)
        if end == start:
            return []
        rows = 0
        for campaign, clients in asked_for(world, start, end, world.subscribers):
            if runs_now(world, campaign, cancelled=world.cancelled):
                rows |= rows_of(campaign, clients)
        then = self._then(driver)._replace(start=start, end=end, rows=rows)
        return [Move(f"computes {start}..{end}", world._replace(planned=end), then)]

    def insert(self, world: World, driver: Driver) -> list[Move]:
        after = world._replace(table=world.table | driver.rows)
        return [Move("inserts", after, self._then(driver))]

    def insert_new(self, world: World, driver: Driver) -> list[Move]:
        after = world._replace(table=world.table | driver.rows)
        return [
            Move("inserts", after, self._then(driver)._replace(rows=driver.rows & ~world.table))
        ]

    def insert_with_epoch(self, world: World, driver: Driver) -> list[Move]:
        if not driver.leased:
            return [Move("is fenced", world, None)]
        return self.insert(world, driver)

    def send(self, world: World, driver: Driver) -> list[Move]:
        return [Move("sends all", read(world, driver.rows), self._then(driver))]

    def send_unflagged(self, world: World, driver: Driver) -> list[Move]:
        rows = world.table & ~world.flags
        return [
            Move("sends the unflagged", read(world, rows), self._then(driver)._replace(rows=rows))
        ]

    def flag(self, world: World, driver: Driver) -> list[Move]:
        after = world._replace(flags=world.flags | driver.rows)
        return [Move("flags them", after, self._then(driver))]

    def send_once(self, world: World, driver: Driver) -> list[Move]:
        """The marker is the end of the last batch that was sent, in the same transaction."""
        if not driver.producing:
            return [Move("is fenced", world, None)]
        if world.marker >= driver.end:
            return [Move("finds the marker", world, self._then(driver))]
        after = read(world, driver.rows)._replace(marker=driver.end)
        return [Move("sends all with the marker", after, self._then(driver))]

    def finish(self, world: World, driver: Driver) -> list[Move]:
        """Spark's commit log."""
        if world.committed != driver.start:
            return [Move("meets another's checkpoint", world, None)]
        after = world._replace(committed=driver.end, planned=NOTHING, offset=driver.end)
        then = driver._replace(at="compute", start=NOTHING, end=NOTHING, rows=0)
        return [Move("notes the batch in the checkpoint", after, then)]
