"""Redrives on a real PostgreSQL and a Kafka in memory; each run is a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.letters import carried
from weir.errors import SettingError
from weir.kafka.memory import MemoryLog, MemoryTransactionalPublisher
from weir.ops.redrive import Redrive, Sent
from weir.ops.redrive_wish import Wish
from weir.settings import Settings
from weir.store.postgres import connect

NAME = "again"


@dataclass
class Room:
    """One Kafka in memory; each `run` is a process of its own."""

    own: Settings
    log: MemoryLog = field(default_factory=MemoryLog)
    waited: list[float] = field(default_factory=list)
    wait: Callable[[float], object] | None = None
    missing: set[str] = field(default_factory=set)

    def run(
        self, wish: Wish | None = None, *, failure: str | None = None, limit: int | None = None
    ) -> Sent:
        with self.process(failure) as redrive:
            return redrive.run(wish or Wish(), limit)

    def process(self, failure: str | None = None) -> _Process:
        publisher = MemoryTransactionalPublisher(self.log, NAME)
        publisher.failure = failure
        return _Process(self, publisher)

    def sent(self, topic: str) -> list[tuple]:
        return carried(self.log.of(topic))


class _Process:
    def __init__(self, room: Room, publisher: MemoryTransactionalPublisher) -> None:
        self._connection = connect(room.own.dsn_file, application_name="test")
        self._redrive = Redrive(
            self._connection,
            publisher,
            asked_by="someone",
            via="cli",
            per_second=2.0,
            now=lambda: 0.0,
            wait=room.wait or room.waited.append,
            check_topic=self._check(room),
        )

    def __enter__(self) -> Redrive:
        return self._redrive

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @staticmethod
    def _check(room: Room) -> Callable[[str], None]:
        def check(topic: str) -> None:
            if topic in room.missing:
                raise SettingError(f"topic {topic} does not exist")

        return check
