"""Reconcile and the restart breaker on a real PostgreSQL; the Spark master is only told."""

from __future__ import annotations

import pytest

from spark_jobs.lib.take_lease import take_lease
from tests.support.stream_rows import STREAM, beat, grow_older, take
from tests.support.stream_specs import wikimedia_spec
from weir.errors import Unavailable
from weir.ops import desired, lease, operations, reconcile_look, verbs
from weir.ops.audit import fetch_deeds
from weir.ops.breaker import RestartLimit, fetch_restarts
from weir.ops.follow import fetch_sight
from weir.ops.operations import Step, Verb
from weir.ops.reconcile_pass import Done, reconcile
from weir.settings import Settings

pytestmark = pytest.mark.platform
SPEC = wikimedia_spec(STREAM)
LIMIT = RestartLimit(max=2, within_minutes=10)


def one_pass(own: Settings, pg: lease.Pg, *, dry_run: bool = False) -> list[Done]:
    return list(reconcile(own, pg, [SPEC], dry_run=dry_run))


def start(own: Settings) -> None:
    verbs.start(own, STREAM, changed_by="somebody", via="cli", spec=SPEC)


def test_a_stream_that_works_is_left_alone(own, pg, master):
    """The commonest pass by far."""
    start(own)
    beat(pg, take(pg))
    grow_older(pg, 1000)
    beat(pg, 1, 2)
    assert one_pass(own, pg) == []


def test_an_operation_whose_process_died_is_carried_out(own, pg, master):
    """kill -9 of the command line, or of the worker of `stream_control`."""
    operations.open_operation(pg, STREAM, Verb.START, owner="gone:1", changed_by="somebody")
    assert one_pass(own, pg) == []  # it may still be at work
    grow_older(pg, 31)
    (done,) = one_pass(own, pg)
    assert (done.act, done.outcome) == ("resume", "done: submitted driver-1-0")
    assert one_pass(own, pg) == []


def test_a_drain_that_takes_long_stays_open_and_ends_in_a_later_pass(own, pg, master):
    """A pass looks after every stream, so it waits for none."""
    epoch = take(pg)
    operation = operations.open_operation(pg, STREAM, Verb.DRAIN, owner="gone:1", changed_by="s")
    grow_older(pg, 31)
    beat(pg, epoch)
    (done,) = one_pass(own, pg)
    assert done.outcome.startswith("still open")
    assert operations.fetch_operation(pg, operation.id).step is Step.WAIT
    lease.release(pg, STREAM, epoch)
    grow_older(pg, 31)
    assert [done.outcome for done in one_pass(own, pg)] == ["done: drained"]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(own, pg, master):
    """People look before they leap."""
    start(own)
    desired.want_drained(pg, STREAM, "somebody", "maintenance")
    grow_older(pg, 100)
    (would,) = one_pass(own, pg, dry_run=True)
    assert (would.act, would.driver_id) == ("kill", "driver-1-0")
    assert master.killed == []


def test_a_driver_that_nobody_wants_and_that_shows_no_life_is_killed(own, pg, master):
    """It holds memory, and would be relaunched for ever."""
    start(own)
    desired.want_drained(pg, STREAM, "somebody", "maintenance")
    grow_older(pg, 100)
    one_pass(own, pg)
    assert master.killed == ["driver-1-0"]
    newest = fetch_deeds(pg, STREAM)[0]
    assert (newest.who, newest.action) == ("reconcile", "driver.kill")
    assert newest.details["driver"] == "driver-1-0"


def test_a_living_driver_of_a_parked_stream_is_asked_to_stop(own, pg, master):
    """A request that was lost is made again; its batch is finished first."""
    epoch = take(pg)
    pg.execute("update ops.stream set desired = 'drained', reason = 'by hand'")
    grow_older(pg, 100)
    beat(pg, epoch)
    (done,) = one_pass(own, pg)
    assert done.outcome == f"asked epoch {epoch}"
    assert fetch_sight(pg, STREAM).draining
    assert one_pass(own, pg) == []


def test_a_second_driver_beside_the_owner_is_killed(own, pg, master):
    """One driver per stream, whoever submitted the other one."""
    start(own)
    token = pg.execute("select token from ops.stream").fetchone()
    epoch = take(pg, token=str(token and token[0]), driver_id="driver-1-0")
    desired.note_submission(pg, STREAM, "other", "driver-2-2")
    master.drivers["driver-2-2"] = "RUNNING"
    grow_older(pg, 100)
    beat(pg, epoch)
    one_pass(own, pg)
    assert master.killed == ["driver-2-2"]


def test_a_stream_whose_drivers_die_before_their_first_word_is_parked(own, pg, master):
    """A wrong path in the declaration: Airflow would submit for ever."""
    start(own)
    grow_older(pg, 100)
    assert one_pass(own, pg) == []
    for number in range(2):
        desired.note_submission(pg, STREAM, f"t{number}", f"driver-2-{number}")
        master.drivers[f"driver-2-{number}"] = "ERROR"
    grow_older(pg, 100)
    (done,) = one_pass(own, pg)
    assert done.act == "fail"
    sight = fetch_sight(pg, STREAM)
    assert sight.desired == "failed"
    assert sight.reason == "3 drivers in a row died before they took the lease"


@pytest.mark.parametrize(("up_since", "parked"), [("1 hour", True), ("1 minute", False)])
def test_a_driver_that_never_takes_the_lease_parks_its_stream_after_minutes(
    own, pg, master, monkeypatch, up_since, parked
):
    """Supervision relaunches it without end; but one that waited for PostgreSQL is forgiven."""
    age = f"(clock_timestamp() - interval '{up_since}')"
    query = reconcile_look.LOOK.replace("pg_postmaster_start_time()", age)
    monkeypatch.setattr(reconcile_look, "LOOK", query)
    start(own)
    grow_older(pg, 601)
    assert [done.act for done in one_pass(own, pg)] == (["fail"] if parked else [])


def test_one_restart_too_many_parks_the_stream_and_the_driver_leaves(own, pg):
    """N restarts in M minutes, however much each of them counted."""
    for _ in range(3):  # the first one and two restarts
        lease.note_work(pg, STREAM, take(pg, token="same"))
    assert take_lease(own, STREAM, owner="h", token="same", restarts=LIMIT) is None
    sight = fetch_sight(pg, STREAM)
    assert sight.desired == "failed"
    assert sight.reason == "2 restarts in 10 minutes: it only dies"
    # Free at once for the next start, and closed to the one that was thought dead.
    assert not sight.owned
    with pytest.raises(lease.Fenced):
        lease.check(pg, STREAM, 3)


def test_restarts_long_ago_and_clean_ends_do_not_count(own, pg):
    """A stream that dies once a day, or is restarted by a person, is no loop."""
    for _ in range(3):
        take(pg, token="same")
    grow_older(pg, 601)
    assert take_lease(own, STREAM, owner="h", token="same", restarts=LIMIT) == 4
    for _ in range(5):
        epoch = lease.fetch_lease(pg, STREAM).epoch
        lease.release(pg, STREAM, epoch)
        assert take_lease(own, STREAM, owner="h", token="same", restarts=LIMIT) == epoch + 1
    assert take_lease(own, STREAM, owner="h", token="same", restarts=LIMIT) == epoch + 2


def test_a_start_by_a_person_gives_the_stream_new_restarts(own, pg):
    """Else it would be parked again by the first crash after the repair."""
    for _ in range(3):
        take(pg, token="same")
    desired.want_run(pg, STREAM, "somebody")
    assert take_lease(own, STREAM, owner="h", token="same", restarts=LIMIT) == 4
    # The one that died before the start is not one of its restarts.
    assert fetch_restarts(pg, STREAM, LIMIT) == 0
    take(pg, token="same")
    assert fetch_restarts(pg, STREAM, LIMIT) == 1


def test_reconcile_parks_a_stream_that_restarted_too_often_and_is_dead(own, pg, master):
    """The driver may die before it can say so itself."""
    for _ in range(SPEC.restarts.max + 1):
        take(pg, token="same")
    grow_older(pg, 20)
    (done,) = one_pass(own, pg)
    assert done.outcome == "parked as failed"


def test_a_pass_says_that_the_master_is_away(own, pg, master):
    """The service waits for it; a person sees it at once."""
    master.away = True
    with pytest.raises(Unavailable, match="Spark master"):
        one_pass(own, pg)


def test_a_stream_that_the_master_forgot_gets_a_driver(own, pg, master):
    """Worker and master died in the same moment; nobody is left who would relaunch it."""
    start(own)
    beat(pg, take(pg, driver_id="driver-1-0"))
    master.drivers.clear()
    grow_older(pg, 119)
    assert one_pass(own, pg) == []  # Airflow may still submit
    grow_older(pg, 2)
    (done,) = one_pass(own, pg)
    assert (done.act, done.outcome) == ("submit", "submitted")
    assert master.submitted == ["driver-1-0", "driver-1-1"]
    assert one_pass(own, pg) == []


def test_a_stream_that_was_stopped_on_purpose_is_not_taken_for_forgotten(own, pg, master):
    """Pause the DAG, mark its run failed: the lease is given back, though the wish stays."""
    start(own)
    epoch = take(pg, driver_id="driver-1-0")
    beat(pg, epoch)
    desired.request_drain(pg, STREAM, epoch)
    lease.release(pg, STREAM, epoch)
    master.drivers.clear()
    grow_older(pg, 1000)
    assert one_pass(own, pg) == []
