"""A stream in memory on which messages fail; `live` is one life of a driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from spark_jobs.lib.guard import Guard, Trial
from spark_jobs.lib.slices import Slice


class Death(BaseException):
    """kill -9, as far as Python code can tell: no handler runs."""


@dataclass
class Stream:
    """What survives a driver: ledger, counted messages, dead letters, the newest trial."""

    size: int
    poison: dict[int, BaseException] = field(default_factory=dict)
    ledger: int = 0
    counted: list[int] = field(default_factory=list)
    letters: dict[int, str] = field(default_factory=dict)
    trial: Trial | None = None
    tried: list[tuple[int, int]] = field(default_factory=list)
    deaths_since_forgiven: int = 0
    most_deaths: int = 0
    broken: BaseException | None = None
    fails_only_with_messages: bool = False
    unreadable: Exception | None = None

    def last(self) -> Trial | None:
        return self.trial

    def write(self, trial: Trial) -> None:
        self.trial = trial

    def is_decided(self, piece: Slice) -> bool:
        return self.ledger > piece.begins["t"][0]

    def forgive_restarts(self) -> None:
        self.deaths_since_forgiven = 0

    def quarantine(self, piece: Slice, *, error: str, attempts: int) -> None:
        _, _, offset = piece.only_place()
        assert (self.ledger, attempts) == (offset, 3)
        if self.unreadable:
            raise self.unreadable
        self.letters[offset] = error
        self.ledger = offset + 1

    def batch(self) -> Slice:
        return Slice(batch_id=0, begins={"t": {0: self.ledger}}, ends={"t": {0: self.size}})

    def process(self, piece: Slice) -> None:
        """One deciding transaction, as a stream does it."""
        begin, end = piece.begins["t"][0], piece.ends["t"][0]
        self.tried.append((begin, end))
        assert self.trial is not None
        if self.broken and not (self.fails_only_with_messages and begin == end):
            raise self.broken
        for number in range(begin, end):
            if number in self.poison:
                raise self.poison[number]
        assert begin == self.ledger
        self.counted += range(begin, end)
        self.ledger = end

    def live(self, process: Callable[[Slice], None] | None = None) -> BaseException | None:
        """One driver from its start until it dies or has counted everything; what ended it."""
        guard = Guard(self, lambda: None)
        try:
            while self.ledger < self.size:
                guard.run(self.batch(), process or self.process)
        except (Exception, Death) as error:  # noqa: BLE001 whatever ended it is the answer
            self.deaths_since_forgiven += 1
            self.most_deaths = max(self.most_deaths, self.deaths_since_forgiven)
            return error
        return None

    def lives(self, most: int = 60) -> int:
        """How many drivers it takes."""
        for number in range(1, most + 1):
            if self.live() is None:
                return number
        raise AssertionError(f"{most} drivers were not enough")


def everything_but(stream: Stream, poison: Iterable[int]) -> list[int]:
    return [number for number in range(stream.size) if number not in set(poison)]
