"""Verbs, operations and adoption on a real PostgreSQL; the Spark master is only told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.eventually import eventually
from tests.support.stream_rows import STREAM, beat, grow_older, take
from tests.support.stream_specs import wikimedia_spec
from weir.errors import SettingError, Unavailable
from weir.ops import desired, lease, operations, saga, verbs
from weir.ops.adopt import Outcome, bring_up, request_drain
from weir.ops.audit import fetch_deeds
from weir.ops.follow import Event, fetch_sight, judge_sight
from weir.ops.operations import Step, Verb

pytestmark = pytest.mark.platform
SPEC = wikimedia_spec(STREAM)
WHO = {"changed_by": "somebody", "via": "cli", "spec": SPEC}


def test_ten_starts_at_the_same_moment_submit_one_driver(own, pg, master):
    """Nine more drivers would take the memory of other streams until they leave."""
    with ThreadPoolExecutor(10) as pool:
        ended = list(pool.map(lambda _: verbs.start(own, STREAM, **WHO), range(10)))
    assert master.submitted == ["driver-1-0"]
    assert {operation.state for operation in ended} == {"done"}
    assert len(fetch_deeds(pg, STREAM)) == 10


def test_a_verb_leaves_an_operation_and_its_line_in_the_audit_trail(own, pg, master):
    """Who stopped it, is the first question."""
    ended = verbs.start(own, STREAM, **WHO)
    assert (ended.state, ended.outcome) == ("done", "submitted driver-1-0")
    (deed,) = fetch_deeds(pg, STREAM)
    assert (deed.who, deed.via, deed.action) == ("somebody", "cli", "stream.start")
    assert deed.details == {"operation": ended.id}
    assert verbs.start(own, STREAM, **WHO).outcome == "running as driver-1-0"


def test_a_word_that_is_no_verb_is_refused_before_anything_is_written(own, pg):
    """`stop` and `Stop ` are not the same to a database."""
    with pytest.raises(SettingError, match="'halt' is not a verb"):
        verbs.order(own, STREAM, "halt", **WHO)
    assert fetch_deeds(pg, STREAM) == []
    assert operations.fetch_open(pg, STREAM) is None


def test_a_drain_ends_when_the_lease_is_given_back(own, pg, master):
    """Parked means that nobody writes any more."""
    epoch = take(pg)
    beat(pg, epoch)
    with ThreadPoolExecutor(1) as pool:
        drained = pool.submit(verbs.drain, own, STREAM, **WHO)
        eventually(lambda: lease.fetch_lease(pg, STREAM).draining, bool)
        lease.release(pg, STREAM, epoch)
        assert drained.result(timeout=30).outcome == "drained"
    assert desired.fetch_desired(pg, STREAM) == "drained"


def test_a_stop_kills_every_driver_that_does_not_end_in_time(own, pg, master):
    """Safe, because the batch is replayed; a driver without life is killed at once."""
    verbs.start(own, STREAM, **WHO)
    epoch = take(pg, driver_id="driver-9-9")  # its worker died, it has another number now
    master.drivers["driver-9-9"] = "RUNNING"
    beat(pg, epoch)
    operation = operations.open_operation(pg, STREAM, Verb.STOP, owner="me", changed_by="me")
    ended = saga.carry_out(own, pg, SPEC, operation, stop_seconds=0.0)
    assert (ended.state, ended.outcome) == ("done", "killed driver-1-0, driver-9-9")
    assert sorted(master.killed) == ["driver-1-0", "driver-9-9"]


def test_a_stop_kills_a_driver_that_gives_no_sign_of_life(own, pg, master, monkeypatch):
    """It hangs, and will not end by itself."""
    monkeypatch.setattr("weir.ops.lease.TTL_SECONDS", 0.5)
    verbs.start(own, STREAM, **WHO)
    beat(pg, take(pg))
    assert verbs.stop(own, STREAM, **WHO).outcome == "killed driver-1-0"


def test_a_verb_that_was_superseded_changes_no_wish_any_more(own, pg, master):
    """Its process slept for a minute: what people want now is what was said last."""
    slow = operations.open_operation(pg, STREAM, Verb.DRAIN, owner="a", changed_by="a")
    verbs.start(own, STREAM, **WHO)
    ended = saga.carry_out(own, pg, SPEC, slow)
    assert (ended.state, ended.outcome) == ("failed", "superseded by start")
    assert desired.fetch_desired(pg, STREAM) == "run"


def test_another_verb_supersedes_the_open_one_and_the_same_verb_joins_it(pg):
    """Who says stop must not wait for a long drain."""
    first = operations.open_operation(pg, STREAM, Verb.DRAIN, owner="a", changed_by="a")
    assert operations.open_operation(pg, STREAM, Verb.DRAIN, owner="b").id == first.id
    second = operations.open_operation(pg, STREAM, Verb.STOP, owner="b")
    ended = operations.fetch_operation(pg, first.id)
    assert (ended.state, ended.outcome) == ("failed", "superseded by stop")
    assert not operations.advance(pg, first.id, Step.WAIT)
    found = operations.fetch_open(pg, STREAM)
    assert found is not None
    assert found.id == second.id


def test_a_drain_of_a_failed_stream_keeps_the_reason(own, pg, master):
    """Failed stays until a person starts it; the reason is all there is to go by."""
    epoch = take(pg)
    desired.declare_failed(pg, STREAM, epoch, "a gap in the offsets")
    lease.release(pg, STREAM, epoch)
    verbs.drain(own, STREAM, **WHO)
    sight = fetch_sight(pg, STREAM)
    assert (sight.desired, sight.reason) == ("failed", "a gap in the offsets")
    assert "stream.failed" in {deed.action for deed in fetch_deeds(pg, STREAM)}


def test_an_operation_stays_open_while_spark_is_away(own, pg, master):
    """The wish is latched, and reconcile goes on with it."""
    master.away = True
    with pytest.raises(Unavailable):
        verbs.start(own, STREAM, **WHO)
    found = operations.fetch_open(pg, STREAM)
    assert found is not None
    assert (found.verb, found.step) == (Verb.START, Step.SUBMIT)


def test_bringing_up_a_parked_stream_changes_nothing(own, pg, master):
    """A scheduler that restarts must not undo what a person decided."""
    desired.want_drained(pg, STREAM, "somebody", "maintenance")
    before = fetch_sight(pg, STREAM)
    assert bring_up(own, STREAM, changed_by="airflow", spec=SPEC) == (Outcome.PARKED, None)
    assert master.submitted == []
    assert fetch_sight(pg, STREAM).reason == before.reason


def test_bringing_up_adopts_what_lives_and_submits_else(own, pg, master):
    """Two drivers would fight over every batch."""
    assert bring_up(own, STREAM, changed_by="a", spec=SPEC) == (Outcome.SUBMITTED, None)
    assert bring_up(own, STREAM, changed_by="a", spec=SPEC) == (Outcome.ADOPTED, None)
    epoch = take(pg)
    beat(pg, epoch)
    assert bring_up(own, STREAM, changed_by="a", spec=SPEC) == (Outcome.ADOPTED, epoch)
    assert len(master.submitted) == 1


def test_bringing_up_forgets_no_restarts(own, pg, master):
    """Else Airflow's retries would wind the breaker up again each time."""
    before = pg.execute("select breaker_reset_at from ops.stream_lease").fetchone()
    bring_up(own, STREAM, changed_by="a", spec=SPEC)
    assert pg.execute("select breaker_reset_at from ops.stream_lease").fetchone() == before


def test_after_a_request_to_drain_the_successor_is_submitted_once(own, pg, master):
    """A clear: the old driver finishes its batch, one new driver waits for the lease."""
    bring_up(own, STREAM, changed_by="a", spec=SPEC)
    epoch = take(pg, token=_token(pg))
    beat(pg, epoch)
    request_drain(pg, STREAM, epoch)
    assert desired.fetch_desired(pg, STREAM) == "run"
    assert bring_up(own, STREAM, changed_by="a", spec=SPEC) == (Outcome.SUBMITTED, None)
    assert bring_up(own, STREAM, changed_by="a", spec=SPEC) == (Outcome.ADOPTED, None)
    assert master.submitted == ["driver-1-0", "driver-1-1"]


def test_a_driver_that_has_just_given_the_lease_back_is_not_waited_for(own, pg, master):
    """The master knows it for seconds more, while its Spark shuts down."""
    bring_up(own, STREAM, changed_by="a", spec=SPEC)
    epoch = take(pg, token=_token(pg))
    beat(pg, epoch)
    request_drain(pg, STREAM, epoch)
    lease.release(pg, STREAM, epoch)
    assert bring_up(own, STREAM, changed_by="a", spec=SPEC) == (Outcome.SUBMITTED, None)
    assert master.submitted == ["driver-1-0", "driver-1-1"]


def test_a_request_to_drain_an_old_epoch_leaves_the_successor_alone(pg):
    """It may arrive late."""
    take(pg, token="a")
    second = take(pg, token="b")
    request_drain(pg, STREAM, second)
    request_drain(pg, STREAM, second - 1)
    assert fetch_sight(pg, STREAM).draining
    take(pg, token="c")
    assert not fetch_sight(pg, STREAM).draining


def test_a_driver_that_runs_without_a_sign_of_life_is_ended_before_the_next(own, pg, master):
    """It dies before its first word, and is relaunched for ever."""
    bring_up(own, STREAM, changed_by="a", spec=SPEC)
    grow_older(pg, 120)
    assert bring_up(own, STREAM, changed_by="a", spec=SPEC) == (Outcome.SUBMITTED, None)
    assert master.killed == ["driver-1-0"]


def test_a_watch_sees_the_life_of_a_stream_in_the_database(pg):
    """What the trigger is told must be what the lease says."""
    epoch = take(pg)
    beat(pg, epoch)
    first = fetch_sight(pg, STREAM)
    assert (first.epoch, first.alive, first.app_id) == (epoch, True, "app-1")
    grow_older(pg, 30)
    silent = fetch_sight(pg, STREAM)
    assert not silent.alive
    assert judge_sight(epoch, False, first, silent, watched_seconds=30) is None
    grow_older(pg, 40)
    gone = fetch_sight(pg, STREAM)
    assert judge_sight(epoch, False, first, gone, watched_seconds=70) is Event.ENDED
    second = take(pg)
    back = fetch_sight(pg, STREAM)
    assert (back.epoch, back.alive, back.app_id) == (second, False, None)
    assert judge_sight(epoch, False, first, back, watched_seconds=71) is None


def _token(pg: lease.Pg) -> str:
    row = pg.execute("select token from ops.stream").fetchone()
    assert row is not None
    return str(row[0])
