"""States, verbs, the restart breaker and reconcile with real drivers on the real cluster.

The tests share one stream and go on from each other, because a driver takes seconds to start.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.counting_stream import CountingStream, counting_stream, wikimedia_event
from tests.support.drivers import executors_of, processes_with
from tests.support.eventually import eventually
from tests.support.stream_rows import grow_older
from weir.ops import desired, verbs
from weir.ops.adopt import Outcome, bring_up
from weir.ops.master import fetch_master
from weir.ops.observed import Observed, StreamState, fetch_state
from weir.ops.operations import Operation
from weir.ops.reconcile_pass import reconcile
from weir.platform.layout import Layout
from weir.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def stream(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CountingStream]:
    """One stream for all tests of this module; its second restart is one too many."""
    folder = tmp_path_factory.mktemp("control")
    limits = {"restarts": {"max": 1, "within_minutes": 60}}
    with counting_stream(platform, folder, cached=False, **limits) as stream:
        yield stream


def state_of(stream: CountingStream) -> StreamState:
    with stream.connection() as connection:
        return fetch_state(stream.settings, connection, stream.spec)


def wait_for(stream: CountingStream, observed: Observed) -> StreamState:
    return eventually(
        lambda: state_of(stream),
        lambda state: state.observed == observed,
        within_seconds=PATIENCE_SECONDS,
        every_seconds=0.5,
    )


def order(stream: CountingStream, verb: str) -> Operation:
    name, settings = stream.spec.name, stream.settings
    ended = verbs.order(settings, name, verb, changed_by="test", via="cli", spec=stream.spec)
    stream.submitted.append(state_of(stream).driver_id or "")
    with stream.connection() as connection:
        token = connection.execute("select token from ops.stream").fetchone()
    stream.token = str(token and token[0])
    return ended


def test_a_stream_on_an_idle_topic_runs_before_its_first_batch(stream: CountingStream) -> None:
    """There may be nothing to count for hours; `starting` would be read as trouble."""
    order(stream, "start")
    running = wait_for(stream, Observed.RUNNING)
    assert running.last_batch is None
    assert running.lag_messages == 0


def test_a_driver_and_its_executor_start_from_the_class_archive(stream: CountingStream) -> None:
    """Spark makes their class paths; one that begins otherwise costs each start twice the work."""
    archive = Layout(stream.settings).class_archive
    if not archive.exists():
        pytest.skip("there is no class archive; make setup makes it")
    apps = fetch_master(stream.settings).applications
    [app_id] = [app.id for app in apps if app.name == stream.spec.name]
    [executor] = executors_of(app_id)
    for pid in (processes_with(stream.token)["jvm"], executor):
        assert str(archive.resolve()) in Path(f"/proc/{pid}/maps").read_text()


def test_a_scheduler_adopts_the_driver_that_works(stream: CountingStream) -> None:
    """Airflow comes up beside streams that the platform has started."""
    epoch = stream.lease().epoch
    name, spec = stream.spec.name, stream.spec
    found = bring_up(stream.settings, name, changed_by="test", spec=spec)
    assert found == (Outcome.ADOPTED, epoch)


def test_a_driver_tells_its_number(stream: CountingStream) -> None:
    """When a worker dies the master gives it a new one, which reconcile must know."""
    with stream.connection() as connection:
        row = connection.execute("select driver_id, unclean from ops.stream_start").fetchone()
    assert row == (stream.submitted[-1], False)


def test_one_restart_too_many_parks_the_stream_instead_of_looping(stream: CountingStream) -> None:
    """Two kills, one restart allowed: the second relaunch leaves, and Spark leaves it at that."""
    first = stream.lease().epoch
    stream.signal_driver(stream.token, signal.SIGKILL, "jvm", "python")
    stream.wait_for_epoch(first + 1)
    stream.signal_driver(stream.token, signal.SIGKILL, "jvm", "python")
    parked = wait_for(stream, Observed.PARKED)
    assert (parked.desired, parked.restarts) == ("failed", 1)
    assert parked.reason == "1 restarts in 60 minutes: it only dies"
    eventually(
        lambda: fetch_master(stream.settings).drivers.get(stream.submitted[-1]),
        lambda state: state == "FINISHED",
        within_seconds=30,
    )


def test_a_start_by_a_person_runs_it_again_and_counts_on(stream: CountingStream) -> None:
    """Nothing is lost by having been parked."""
    stream.produce([("d.example", wikimedia_event("d.example"))] * 50)
    assert order(stream, "start").outcome == f"submitted {stream.submitted[-1]}"
    stream.wait_until_counted()
    assert wait_for(stream, Observed.RUNNING).restarts == 0


def test_reconcile_ends_a_driver_that_hangs_though_its_stream_is_parked(
    stream: CountingStream,
) -> None:
    """It hears no request; its memory is needed elsewhere."""
    stream.signal_driver(stream.token, signal.SIGSTOP, "jvm", "python")
    with stream.connection() as connection:
        desired.want_drained(connection, stream.spec.name, "test", "it hangs")
        grow_older(connection, 120)
        (done,) = reconcile(stream.settings, connection, [stream.spec])
    assert (done.act, done.driver_id) == ("kill", stream.submitted[-1])
    eventually(
        lambda: fetch_master(stream.settings).drivers.get(stream.submitted[-1]),
        lambda state: state == "KILLED",
        within_seconds=60,
    )
    assert wait_for(stream, Observed.PARKED).desired == "drained"


@pytest.mark.parametrize(
    "too_much",
    [
        {"executor_cores": 64},  # a lease and a living driver, but no executor
        {"driver_memory_mb": 100_000},  # not even a driver
    ],
)
def test_a_stream_for_which_there_is_no_room_is_shown_as_waiting(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory, too_much: dict[str, int]
) -> None:
    """Its log says nothing; a person must give it room."""
    resources = {"driver_memory_mb": 512, "executor_memory_mb": 512}
    resources |= {"executor_cores": 1, "shuffle_partitions": 1} | too_much
    folder = tmp_path_factory.mktemp("waiting")
    with counting_stream(platform, folder, cached=False, resources=resources) as crowded:
        order(crowded, "start")
        waiting = wait_for(crowded, Observed.WAITING)
        assert "WEIR_SPARK_WORKER" in waiting.todo
        name = crowded.spec.name
        again = bring_up(crowded.settings, name, changed_by="test", spec=crowded.spec)
        assert again[0] is Outcome.ADOPTED
