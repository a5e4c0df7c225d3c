"""The lease on a real PostgreSQL: one winner, and no word from the losers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from spark_jobs.lib.control import Control
from spark_jobs.lib.pulse import Pulse
from spark_jobs.lib.take_lease import take_lease
from weir.ops import desired, lease
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
STREAM = "counts"


@pytest.fixture(autouse=True)
def known(pg: lease.Pg) -> None:
    """The stream has its rows."""
    lease.ensure_stream(pg, STREAM)


def beat(epoch: int, number: int) -> lease.Beat:
    return lease.Beat(
        epoch=epoch,
        beat=number,
        started_at=datetime.now(UTC),
        app_id="app",
        ui_url=None,
        version="0",
        last_batch=None,
    )


def test_of_ten_starters_one_takes_the_lease_and_nine_leave(own: Settings, pg: lease.Pg) -> None:
    """Two drivers would fight over every batch."""

    pulses: list[Pulse] = []

    def start(number: int) -> int | None:
        epoch = take_lease(own, STREAM, owner=f"o{number}", token=f"t{number}")
        if epoch is not None:
            pulses.append(Pulse(own, STREAM, epoch, Control(), []))
            pulses[-1].start()
        return epoch

    with ThreadPoolExecutor(10) as pool:
        epochs = list(pool.map(start, range(10)))
    for pulse in pulses:
        pulse.end()
        pulse.join()
    assert sorted(epochs, key=str) == [1, *[None] * 9]
    assert lease.fetch_lease(pg, STREAM).epoch == 1


def test_an_old_epoch_can_neither_beat_nor_hold_nor_release(pg: lease.Pg) -> None:
    """Fencing holds where a transaction decides."""
    first = lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="a", token="a")
    second = lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="b", token="b")
    assert (first, second) == (1, 2)
    with pytest.raises(lease.Fenced):
        lease.send_beat(pg, STREAM, beat(1, 1))
    with pytest.raises(lease.Fenced), pg.transaction():
        lease.hold(pg, STREAM, 1)
    assert not lease.release(pg, STREAM, 1)
    assert lease.send_beat(pg, STREAM, beat(2, 1)).beat == (2, 1)


def test_a_lease_seen_before_another_takeover_cannot_be_taken(pg: lease.Pg) -> None:
    """The update compares the epoch that the decision was made on."""
    seen = lease.fetch_lease(pg, STREAM)
    assert lease.acquire(pg, seen, owner="a", token="a") == 1
    assert lease.acquire(pg, seen, owner="b", token="b") is None


def test_a_takeover_ends_a_transaction_that_the_old_owner_holds_open(
    own: Settings, pg: lease.Pg
) -> None:
    """A paused process inside its transaction would lock its successor out."""
    lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="a", token="a")
    name = lease.application_name(STREAM, 1)
    with connect(own.dsn_file, application_name=name) as old:
        old.execute("begin")
        lease.hold(old, STREAM, 1)
        pg.execute("set lock_timeout = '5s'")
        assert lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="b", token="b") == 2
        with pytest.raises(psycopg.OperationalError):
            old.execute("commit")


def test_a_takeover_leaves_the_connections_of_other_streams_alone(
    own: Settings, pg: lease.Pg
) -> None:
    """Names with a common beginning must not be mixed up."""
    with connect(own.dsn_file, application_name=lease.application_name("counts_2", 0)) as other:
        lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="b", token="b")
        assert other.execute("select 1").fetchone() == (1,)


def test_relaunches_that_never_work_are_counted_until_one_does(pg: lease.Pg) -> None:
    """Supervision has no limit of its own."""
    for _ in range(3):
        epoch = lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="a", token="same")
    assert lease.fetch_lease(pg, STREAM).barren_starts == 3
    lease.note_work(pg, STREAM, epoch or 0)
    assert lease.fetch_lease(pg, STREAM).barren_starts == 0


def test_a_submission_that_only_dies_parks_the_stream(own: Settings, pg: lease.Pg) -> None:
    """Until a person looks and starts it again."""
    for _ in range(lease.MAX_BARREN_STARTS):
        lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="a", token="same")
    assert take_lease(own, STREAM, owner="a", token="same") is None
    assert lease.fetch_lease(pg, STREAM).desired == "failed"
    desired.want_run(pg, STREAM, "somebody")
    assert lease.fetch_lease(pg, STREAM).barren_starts == 0


def test_a_drain_is_tied_to_the_epoch_it_was_asked_of(pg: lease.Pg) -> None:
    """A late request must not stop the successor."""
    lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="a", token="a")
    desired.want_drained(pg, STREAM, "somebody", "why")
    assert lease.fetch_lease(pg, STREAM).draining
    desired.want_run(pg, STREAM, "somebody")
    lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner="b", token="b")
    assert not lease.fetch_lease(pg, STREAM).draining


def test_only_the_present_epoch_can_declare_its_stream_failed(pg: lease.Pg) -> None:
    """A zombie must not park its healthy successor."""
    for owner in ("a", "b"):
        lease.acquire(pg, lease.fetch_lease(pg, STREAM), owner=owner, token=owner)
    desired.declare_failed(pg, STREAM, 1, "old news")
    assert lease.fetch_lease(pg, STREAM).desired == "run"
    desired.declare_failed(pg, STREAM, 2, "a reason")
    assert lease.fetch_lease(pg, STREAM).desired == "failed"
