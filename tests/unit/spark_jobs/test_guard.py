"""Poison among good messages: who finds it, what it costs, and what must not be taken for it.

A stream in memory: messages are numbers, `Driver.run` is one life of a driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import psycopg
import pytest

from spark_jobs.lib.control import StopRequested
from spark_jobs.lib.guard import DIED, Guard, Trial, is_surroundings
from spark_jobs.lib.slices import Slice
from weir.errors import ContractError, PublishError, Unavailable
from weir.ops.lease import Fenced


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
        self.letters[offset] = error
        self.ledger = offset + 1

    def batch(self) -> Slice:
        return Slice(batch_id=0, begins={"t": {0: self.ledger}}, ends={"t": {0: self.size}})

    def process(self, piece: Slice) -> None:
        """One deciding transaction, as a stream does it."""
        begin, end = piece.begins["t"][0], piece.ends["t"][0]
        self.tried.append((begin, end))
        assert self.trial is not None
        if self.broken:
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


def test_without_trouble_a_batch_is_tried_once_and_whole() -> None:
    """The guard must cost nothing but one small write."""
    stream = Stream(1000)
    assert stream.live() is None
    assert stream.tried == [(0, 1000)]
    assert stream.trial == Trial(
        begins={"t": {0: 0}}, ends={"t": {0: 1000}}, attempts=1, bisecting=False
    )


def test_a_batch_that_failed_twice_for_a_passing_reason_is_counted_whole() -> None:
    """Most failures pass by a restart."""
    stream = Stream(100, poison={7: ValueError("odd")})
    assert isinstance(stream.live(), ValueError)
    assert isinstance(stream.live(), ValueError)
    stream.poison.clear()
    assert stream.live() is None
    assert stream.tried == [(0, 100)] * 3
    assert stream.letters == {}


def test_a_trial_of_another_place_says_nothing_about_this_batch() -> None:
    """The failures before were over with the batch that they were about."""
    stream = Stream(100, ledger=50)
    stream.trial = Trial(begins={"t": {0: 0}}, ends={"t": {0: 50}}, attempts=3, bisecting=True)
    assert stream.live() is None
    assert stream.tried == [(50, 100)]
    assert stream.trial.attempts == 1


@pytest.mark.parametrize("size", [1, 2, 17, 1000, 100_000])
def test_the_third_failure_finds_the_poison_and_all_others_are_counted_once(size: int) -> None:
    """One message must not stop the others for ever."""
    bad = {0, size // 2, size - 1}
    stream = Stream(size, poison=dict.fromkeys(bad, ValueError("odd\nmore")))
    assert stream.lives() == 3
    assert stream.counted == everything_but(stream, bad)
    assert stream.letters == dict.fromkeys(bad, "ValueError: odd")
    assert len(stream.tried) < 300


@pytest.mark.parametrize("size", [1, 2, 17, 1000, 100_000])
def test_a_message_that_kills_its_driver_is_found_over_the_deaths(size: int) -> None:
    """What is tried is written before it is tried; five deaths in a row would park the stream."""
    bad = size // 3
    stream = Stream(size, poison={bad: Death()})
    levels = 0 if size == 1 else 1 if size <= 16 else len(hex(size - 1)) - 2
    assert stream.lives() <= 3 + levels + 3 + 1
    assert stream.counted == everything_but(stream, {bad})
    assert stream.letters == {bad: DIED}
    assert stream.most_deaths <= 4


def test_two_killers_and_one_refusal_in_a_batch_are_all_found() -> None:
    """The rest of a batch is suspect too."""
    stream = Stream(500, poison={3: Death(), 250: ValueError("odd"), 499: Death()})
    stream.lives()
    assert stream.counted == everything_but(stream, {3, 250, 499})
    assert sorted(stream.letters) == [3, 250, 499]


def test_a_batch_planned_anew_after_a_death_may_be_of_another_size() -> None:
    """The checkpoint is set aside when the ledger stands inside the batch, and more has come."""
    stream = Stream(50, poison={20: Death()})
    for _ in range(4):
        stream.live()
    assert stream.trial is not None
    assert stream.trial.bisecting
    stream.size = 70
    stream.lives()
    assert stream.counted == everything_but(stream, {20})
    stream = Stream(50, poison={20: Death()})
    for _ in range(4):
        stream.live()
    stream.size = stream.ledger + 1
    stream.lives()
    stream.size = 50
    stream.lives()
    assert stream.counted == everything_but(stream, {20})


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("PostgreSQL is away"),
        PublishError("Kafka is away"),
        ContractError("a person must decide"),
        psycopg.OperationalError("connection lost"),
        psycopg.errors.DiskFull("no space"),
    ],
)
def test_what_is_no_fault_of_the_messages_never_leads_to_a_dead_letter(error: Exception) -> None:
    """A night without Kafka must not empty a topic into the dead letters."""
    stream = Stream(10, broken=error)
    for _ in range(20):
        assert stream.live() is error
    assert set(stream.tried) == {(0, 10)}
    stream.broken = None
    assert stream.live() is None
    assert (stream.counted, stream.letters) == (list(range(10)), {})


def test_a_limit_of_the_database_is_the_fault_of_a_message() -> None:
    """A key too long for an index is such an error, and stays too long."""
    assert not is_surroundings(psycopg.errors.ProgramLimitExceeded("index row size 2720"))
    assert is_surroundings(psycopg.errors.DeadlockDetected("wait"))


def test_nothing_is_quarantined_while_an_empty_slice_fails_too() -> None:
    """A dead Spark session fails on everything; each message would be taken for poison."""
    stream = Stream(40, broken=RuntimeError("SparkContext was shut down"))
    for _ in range(30):
        assert isinstance(stream.live(), RuntimeError)
    assert (stream.counted, stream.letters, stream.ledger) == ([], {}, 0)
    stream.broken = None
    stream.lives()
    assert stream.counted == list(range(40))


def test_what_fails_after_the_ledger_has_moved_is_not_tried_in_parts() -> None:
    """The messages are decided; what is left to do is not theirs."""
    stream = Stream(40)
    stream.trial = Trial(begins={"t": {0: 0}}, ends={"t": {0: 40}}, attempts=2, bisecting=False)

    def publish_fails(piece: Slice) -> None:
        stream.process(piece)
        raise RuntimeError("after the commit")

    assert isinstance(stream.live(publish_fails), RuntimeError)
    assert stream.tried == [(0, 40)]


def test_a_stop_is_heard_between_two_parts() -> None:
    """Taking a batch apart may last longer than a person's patience."""
    stream = Stream(160, poison={159: ValueError("odd")})
    stream.trial = Trial(begins={"t": {0: 0}}, ends={"t": {0: 160}}, attempts=3, bisecting=False)
    asked: list[int] = []

    def pause() -> None:
        asked.append(stream.ledger)
        if len(asked) == 3:
            raise StopRequested

    with pytest.raises(StopRequested):
        Guard(stream, pause).run(stream.batch(), stream.process)
    assert asked == [0, 10, 20]
    stream.lives()
    assert stream.counted == list(range(159))


def test_a_fenced_driver_writes_no_trial_after_its_successor() -> None:
    """It would take back what the successor has found out."""
    stream = Stream(10, broken=Fenced("epoch 1 is over"))
    assert isinstance(stream.live(), Fenced)
    assert stream.trial is not None
    assert stream.trial.attempts == 1
    assert replace(stream.trial, attempts=1) == stream.trial
