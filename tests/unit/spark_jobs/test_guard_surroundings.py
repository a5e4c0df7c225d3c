"""What must not be taken for poison: services away, dead sessions, the work after a decision."""

from __future__ import annotations

import psycopg
import pytest

from spark_jobs.lib.guard import Trial, is_surroundings
from spark_jobs.lib.slices import Slice
from tests.support.failing_stream import Death, Stream, everything_but
from weir.errors import ContractError, PublishError, Unavailable


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


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.ProgramLimitExceeded("index row size 2720"),  # a key that stays too long
        psycopg.errors.TransactionTimeout("over its time"),  # parts are smaller
        psycopg.DataError("text fields cannot contain NUL"),  # found before it was sent
        psycopg.errors.UntranslatableCharacter("\\u0000"),
        psycopg.errors.UniqueViolation("twice"),
        psycopg.errors.RaiseException("by a trigger"),
        MemoryError(),
    ],
)
def test_what_a_message_can_cause_counts_against_it(error: Exception) -> None:
    """Else it would be tried for ever."""
    assert not is_surroundings(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.DeadlockDetected("wait"),
        psycopg.errors.LockNotAvailable("locked"),
        psycopg.errors.AdminShutdown("restart"),
        psycopg.errors.ReadOnlySqlTransaction("a standby"),
        psycopg.errors.IdleInTransactionSessionTimeout("the process was stopped"),
        psycopg.errors.UndefinedTable("a migration is missing"),
        psycopg.errors.InsufficientPrivilege("a role"),
        psycopg.errors.IndexCorrupted("unexpected zero page"),
        psycopg.InterfaceError("the connection is closed"),
        psycopg.OperationalError("consuming input failed"),
    ],
)
def test_what_no_message_can_cause_does_not_count(error: Exception) -> None:
    """A repair by a person or by time must find every message where it was."""
    assert is_surroundings(error)


def test_a_service_that_goes_away_in_the_middle_makes_no_part_smaller() -> None:
    """It cost a restart, and says nothing about the part."""
    stream = Stream(64, poison={60: ValueError("odd")})
    stream.trial = Trial(begins={"t": {0: 0}}, ends={"t": {0: 64}}, attempts=3, bisecting=False)

    def away_at_16(piece: Slice) -> None:
        if piece.begins["t"][0] == 16 and not stream.broken:
            stream.broken = PublishError("Kafka is away")
        stream.process(piece)

    assert isinstance(stream.live(away_at_16), PublishError)
    (part,) = stream.tried[-1:]
    stream.broken = None
    stream.lives()
    assert stream.tried.count(part) == 2
    assert stream.counted == everything_but(stream, {60})


def test_three_deaths_alone_are_no_proof_when_a_slice_without_messages_fails() -> None:
    """A machine without memory kills every driver, and then nothing works."""
    stream = Stream(1, poison={0: Death()})
    for _ in range(3):
        assert isinstance(stream.live(), Death)
    stream.broken = RuntimeError("no executor")
    assert isinstance(stream.live(), RuntimeError)
    assert stream.letters == {}
    stream.broken = None
    stream.poison.clear()
    assert stream.live() is None
    assert stream.counted == [0]


def test_nothing_is_quarantined_while_an_empty_slice_fails_too() -> None:
    """A dead Spark session fails on everything; each message would be taken for poison."""
    stream = Stream(40, broken=RuntimeError("SparkContext was shut down"))
    for _ in range(30):
        assert isinstance(stream.live(), RuntimeError)
    assert (stream.counted, stream.letters, stream.ledger) == ([], {}, 0)
    stream.broken = None
    stream.lives()
    assert stream.counted == list(range(40))


@pytest.mark.parametrize("failures", range(1, 30))
def test_nothing_is_quarantined_whenever_the_repair_comes(failures: int) -> None:
    """Also between the third failure of a message and the look at what else is broken."""
    stream = Stream(40, broken=RuntimeError("SparkContext was shut down"))
    process = stream.process

    def until_repaired(piece: Slice) -> None:
        stream.broken = stream.broken if len(stream.tried) < failures else None
        process(piece)

    while stream.live(until_repaired) is not None:
        assert len(stream.tried) < 100
    assert (stream.counted, stream.letters) == (list(range(40)), {})


def test_nothing_is_quarantined_after_a_time_without_kafka() -> None:
    """A slice without messages needs no Kafka; the message itself cannot be read either."""
    stream = Stream(40, broken=RuntimeError("Job aborted"), fails_only_with_messages=True)
    stream.unreadable = Unavailable("Kafka does not answer")
    for _ in range(30):
        assert isinstance(stream.live(), RuntimeError | Unavailable)
    assert (stream.counted, stream.letters, stream.ledger) == ([], {}, 0)
    stream.broken = stream.unreadable = None
    stream.lives()
    assert (stream.counted, stream.letters) == (list(range(40)), {})


def test_what_fails_after_the_ledger_has_moved_is_not_tried_in_parts() -> None:
    """The messages are decided; what is left to do is not theirs."""
    stream = Stream(40)
    stream.trial = Trial(begins={"t": {0: 0}}, ends={"t": {0: 40}}, attempts=2, bisecting=False)

    def publish_fails(piece: Slice) -> None:
        stream.process(piece)
        raise RuntimeError("after the commit")

    assert isinstance(stream.live(publish_fails), RuntimeError)
    assert stream.tried == [(0, 40)]
