"""What people and faults do to a running stream, each with its documented end.

Every scenario begins and ends with a stream that works and a task that waits deferred, and fails
when the state in between is not the documented one. `docs/control.md` says the same in words.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.step2.room import DAG, PATIENCE_SECONDS, Room, View
from tests.support.eventually import eventually
from weir.store.postgres import connect


def clear(room: Room) -> str:
    before = room.settled()
    room.airflow.clear(DAG, before.run_id)
    after = room.settled(before.sight.epoch + 1)
    assert after.run_id == before.run_id
    return "runs in the next epoch, the same run"


def mark_failed_active(room: Room) -> str:
    before = room.settled()
    room.airflow.mark_failed(DAG, before.run_id)
    after = room.settled(before.sight.epoch + 1)
    assert after.run_id != before.run_id
    return "runs in the next epoch, a new run"


def mark_failed_paused(room: Room) -> str:
    before = room.settled()
    room.airflow.pause(DAG)
    room.airflow.mark_failed(DAG, before.run_id)
    stopped = room.until(lambda v: not v.sight.owned)
    assert (stopped.sight.desired, stopped.active) == ("run", [])
    room.airflow.pause(DAG, False)
    room.settled(before.sight.epoch + 1)
    return "stopped; runs in the next epoch after unpause"


def pause(room: Room) -> str:
    before = room.settled()
    room.airflow.pause(DAG)
    batches_go_on(room)
    after = room.settled(before.sight.epoch)
    room.airflow.pause(DAG, False)
    assert after.run_id == before.run_id
    return "unchanged"


def drain_and_start(room: Room) -> str:
    before = room.settled()
    room.control("drain")
    parked = room.until(lambda v: v.parked and v.deferred)
    assert parked.sight.epoch == before.sight.epoch
    room.control("start")
    after = room.settled(before.sight.epoch + 1)
    assert after.run_id == before.run_id
    return "parked, the task deferred; runs in the next epoch after start"


def trigger_while_running(room: Room) -> str:
    before = room.settled()
    run_id = room.airflow.trigger(DAG)
    room.until(lambda v: [run[:2] for run in v.runs if run[1] == "queued"] == [(run_id, "queued")])
    batches_go_on(room)
    after = room.settled(before.sight.epoch)
    assert after.run_id == before.run_id
    room.airflow.do("DELETE", f"/dags/{DAG}/dagRuns/{run_id}")
    return "unchanged; the new run waits"


def start_while_running(room: Room) -> str:
    before = room.settled()
    room.control("start")
    room.settled(before.sight.epoch)
    return "unchanged"


def killed(component: str) -> Callable[[Room], str]:
    def kill(room: Room) -> str:
        before = room.settled()
        room.rig.kill(component)
        batches_go_on(room)
        room.healthy()
        after = room.settled(before.sight.epoch)
        assert after.run_id == before.run_id
        return "unchanged"

    return kill


def triggerer_killed(room: Room) -> str:
    before = room.settled()
    [watched_by] = [run[3] for run in before.active]
    room.rig.kill("airflow-triggerer")
    batches_go_on(room)
    after = room.until(
        lambda v: v.works and v.deferred and v.active[0][3] not in (None, watched_by)
    )
    assert (after.sight.epoch, after.run_id) == (before.sight.epoch, before.run_id)
    room.healthy()
    return "unchanged; the next triggerer watches"


def mark_failed_without_triggerer(room: Room) -> str:
    before = room.settled()
    room.rig.stop("airflow-triggerer")
    try:
        room.airflow.mark_failed(DAG, before.run_id)
        room.until(lambda v: len(v.active) == 1 and v.run_id != before.run_id)
        room.until(lambda v: v.active and v.active[0][2] == "deferred")
    finally:
        room.rig.start("airflow-triggerer")
    # The triggerer that comes back may still find the order, and passes it on.
    eventually(room.watches, lambda rows: rows == 1, within_seconds=PATIENCE_SECONDS)
    after = room.settled()
    assert after.sight.epoch - before.sight.epoch in (0, 1)
    assert after.run_id != before.run_id
    return "the next run adopts the driver, or the late order restarts it"


def mark_failed_paused_without_triggerer(room: Room) -> str:
    before = room.settled()
    room.rig.stop("airflow-triggerer")
    try:
        room.airflow.pause(DAG)
        room.airflow.mark_failed(DAG, before.run_id)
        stopped = room.until(lambda v: not v.sight.owned)
        assert (stopped.sight.desired, stopped.active) == ("run", [])
    finally:
        room.rig.start("airflow-triggerer")
        room.airflow.pause(DAG, False)
    room.settled(before.sight.epoch + 1)
    return "reconcile stops it; runs in the next epoch after unpause"


def batches_go_on(room: Room) -> View | None:
    """The driver still gives signs of life, and no other one came."""
    with connect(room.settings.dsn_file, application_name="faults") as connection:

        def beat() -> tuple[int, int]:
            row = connection.execute("select epoch, beat from ops.stream_heartbeat").fetchone()
            assert row is not None
            return (row[0], row[1])

        epoch, first = beat()
        eventually(beat, lambda now: now >= (epoch, first + 3), within_seconds=60)
        assert beat()[0] == epoch
    return None


SCENARIOS: dict[str, Callable[[Room], str]] = {
    "clear": clear,
    "mark failed, DAG active": mark_failed_active,
    "mark failed, DAG paused": mark_failed_paused,
    "pause": pause,
    "drain, then start": drain_and_start,
    "start of a running stream": start_while_running,
    "trigger of a running stream": trigger_while_running,
    "kill -9 of the scheduler": killed("airflow-scheduler"),
    "kill -9 of the triggerer": triggerer_killed,
    "kill -9 of the API server": killed("airflow-api"),
    "kill -9 of reconcile": killed("reconcile"),
    "mark failed, DAG active, triggerer down": mark_failed_without_triggerer,
    "mark failed, DAG paused, triggerer down": mark_failed_paused_without_triggerer,
}
