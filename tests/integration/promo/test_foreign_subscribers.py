"""Subscribers in a PostgreSQL that is not ours: slow, locked, hung; on a real one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from tests.support.promo import SealingStream, campaign
from weir.errors import ContractError, Unavailable
from weir.promo import spool, subscriptions
from weir.promo.subscriptions import ForeignSubscribers, connect_to_subscribers, subscriber_table
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


@pytest.fixture
def there(own: Settings) -> Settings:
    """The same database, named as a company's."""
    return own.model_copy(update={"subscribers_dsn_file": own.dsn_file})


@pytest.fixture
def table(stream: SealingStream, there: Settings) -> ForeignSubscribers:
    found = subscriber_table(there)
    assert isinstance(found, ForeignSubscribers)
    stream.subscribe("r1", "a", "b", "b", "c\n\t\\", "ж")
    return found


WHOLE = [("r1", "a"), ("r1", "b"), ("r1", "c\n\t\\"), ("r1", "ж")]


@contextmanager
def locked(stream: SealingStream) -> Iterator[None]:
    """Somebody rebuilds the table meanwhile."""
    with psycopg.connect(stream.pg.info.dsn) as other:
        other.execute("lock table public.subscribers_restaurants in access exclusive mode")
        yield


def test_foreign_subscribers_are_read_as_our_own(table: ForeignSubscribers) -> None:
    """Once each, in order, whatever is in their names."""
    assert sorted(table.whole(["r1"])) == WHOLE
    assert list(table.some([("r1", "b"), ("r1", "x")])) == [("r1", "b")]


def test_more_subscribers_than_fit_into_memory_are_kept_on_disk(
    table: ForeignSubscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million of them need no more memory than a few."""
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1)
    assert sorted(table.whole(["r1"])) == WHOLE


def test_the_foreign_server_is_done_before_the_first_subscriber_is_used(
    table: ForeignSubscribers,
) -> None:
    """A standby ends a reading that lasts as long as our seal."""
    found = table.whole(["r1"])
    next(found)
    assert table._connection is not None
    assert table._connection.info.transaction_status is TransactionStatus.IDLE
    assert len(list(found)) == 3


def test_a_foreign_table_under_a_lock_is_not_waited_for_without_end(
    stream: SealingStream, table: ForeignSubscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sealing transaction is open meanwhile."""
    monkeypatch.setattr(subscriptions, "LOCK_SECONDS", 0.2)
    stream.subscriptions = table
    with locked(stream), pytest.raises(Unavailable, match="lock timeout"):
        stream.seal(campaign())
    assert stream.states() == {}
    sealed = stream.seal(campaign(), again=True)
    assert sealed is not None
    assert sealed.rows == 4


def test_our_own_table_under_a_lock_is_not_waited_for_without_end(
    stream: SealingStream, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else our own server ends the sealing transaction, and the driver hangs on."""
    monkeypatch.setattr(subscriptions, "LOCK_SECONDS", 0.2)
    stream.subscriptions = subscriber_table(own)
    with locked(stream), pytest.raises(Unavailable, match="lock timeout"):
        stream.seal(campaign())


def test_a_foreign_statement_that_takes_too_long_is_ended(
    stream: SealingStream, table: ForeignSubscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their own server, which must not work on for nobody."""
    monkeypatch.setattr(subscriptions, "READ_SECONDS", 0.2)
    with locked(stream), pytest.raises(Unavailable, match="statement timeout"):
        list(table.whole(["r1"]))


def test_a_foreign_server_that_hangs_is_left(
    stream: SealingStream, table: ForeignSubscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its kernel still answers, so no keepalive notices."""
    list(table.whole(["r1"]))
    assert table._connection is not None
    process = table._connection.info.backend_pid
    monkeypatch.setattr(subscriptions, "READ_SECONDS", 0.2)
    monkeypatch.setattr(subscriptions, "GRACE_SECONDS", 0.1)
    os.kill(process, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
            list(table.whole(["r1"]))
    finally:
        os.kill(process, signal.SIGCONT)
    assert time.monotonic() - began < 10
    assert sorted(table.whole(["r1"])) == WHOLE  # by a new connection


def test_more_subscribers_than_the_disk_shall_hold_stop_the_stream(
    table: ForeignSubscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of the wrong kind must not fill the disk of everybody."""
    monkeypatch.setattr(spool, "SPOOL_BYTES", 20)
    with pytest.raises(ContractError, match="more than 20 bytes of subscribers"):
        list(table.whole(["r1"]))


def test_a_full_disk_is_no_fault_of_the_campaigns(
    table: ForeignSubscribers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else they would become dead letters."""
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(Unavailable, match="No such file"):
        list(table.whole(["r1"]))


def test_a_line_that_swallows_what_is_sent_is_given_up(own: Settings, there: Settings) -> None:
    """No keepalive is sent while something waits for its confirmation."""
    for open_one in (connect_to_subscribers(there), connect(own.dsn_file, application_name="t")):
        with open_one as connection:
            assert connection.info.get_parameters()["tcp_user_timeout"] == "15000"


def test_whatever_a_foreign_server_refuses_is_its_own_fault(
    stream: SealingStream, there: Settings
) -> None:
    """A broken index of theirs says nothing about our messages."""
    table = ForeignSubscribers(lambda: connect_to_subscribers(there))
    with pytest.raises(Unavailable, match="division by zero"):
        list(table._read("copy (select 1 / 0) to stdout", []))
