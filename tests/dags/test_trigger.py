"""The trigger: what it tells the task, and what it asks of a driver when a person ends the task."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from stream_ops import trigger as module
from stream_ops.asking import meant
from stream_ops.trigger import StreamTrigger
from weir.ops.follow import SILENT_SECONDS, Sight

ALIVE = Sight(
    desired="run",
    epoch=7,
    owned=True,
    alive=True,
    draining=False,
    silent_seconds=1.0,
    app_id="app-7",
    ui_url="http://driver:4040",
    reason=None,
    driver_id="driver-7",
)
DRAINING = replace(ALIVE, draining=True)
FREE = replace(ALIVE, owned=False, alive=False)
DEAD = replace(ALIVE, alive=False, silent_seconds=SILENT_SECONDS + 1)
RELAUNCHED = replace(ALIVE, epoch=8)
PARKED = replace(FREE, desired="drained", reason="by anna")


def watch(trigger, sights):
    """What the trigger tells the task when it sees these, one after the other."""
    seen = iter(sights)
    trigger._look = lambda: next(seen)

    async def events():
        return [event.payload async for event in trigger.run()]

    return asyncio.run(events())


def following(**given):
    return StreamTrigger(stream="counts", poll_seconds=0.0, **given)


def test_a_relaunch_by_spark_is_followed_without_a_word_to_the_task():
    """It costs neither a slot nor a retry."""
    trigger = following(epoch=7)
    silent = replace(ALIVE, alive=False, silent_seconds=12.0)
    [event] = watch(trigger, [ALIVE, silent, RELAUNCHED, replace(FREE, epoch=8)])
    assert event == {"event": "ended", "lost": False, "why": "ended: epoch 8 gave the lease back"}
    assert trigger.epoch == 8


def test_a_silent_owner_that_nobody_relaunches_is_lost():
    """Only then does the task turn red."""
    [event] = watch(following(epoch=7), [ALIVE, DEAD])
    assert (event["event"], event["lost"]) == ("ended", True)


def test_a_submission_is_followed_from_the_lease_it_takes():
    """The driver needs seconds to come up; until then the old epoch is in the table."""
    trigger = following(epoch=None)
    [event] = watch(trigger, [replace(FREE, epoch=6), ALIVE, FREE])
    assert trigger.epoch == 7
    assert event["lost"] is False


def test_a_drained_stream_parks():
    """Its task waits for the wish."""
    draining = replace(DRAINING, desired="drained")
    [event] = watch(following(epoch=7), [ALIVE, draining, PARKED])
    assert event["event"] == "park"
    assert "by anna" in event["why"]


def test_a_parked_stream_wakes_its_task_when_it_is_wanted():
    """That is the verb `start`."""
    [event] = watch(following(parked=True), [PARKED, PARKED, replace(PARKED, desired="run")])
    assert event["event"] == "wanted"


def test_a_postgres_that_is_away_is_waited_for():
    """Losing PostgreSQL is never a reason to end a stream."""
    [event] = watch(following(epoch=7), [ALIVE, None, None, None, FREE])
    assert event["event"] == "ended"


def test_the_log_grows_on_changes_only(capsys):
    """A trigger's log is not rotated for months."""
    watch(following(epoch=7), [ALIVE] * 50 + [DRAINING] * 50 + [FREE])
    said = re.findall(r"counts: ([\w -]+\w)", capsys.readouterr().out)
    assert said == [
        "epoch 7 runs as app-7",
        "epoch 7 ends after the batch at work",
        "epoch 7 gave the lease back",
    ]


def test_a_trigger_is_made_again_from_what_it_stores():
    """A triggerer that dies is followed by another one."""
    path, arguments = following(epoch=7).serialize()
    assert path == "stream_ops.trigger.StreamTrigger"
    assert StreamTrigger(**arguments).serialize() == (path, arguments)


@pytest.fixture
def drains(monkeypatch):
    asked = []
    monkeypatch.setattr(
        module, "ask_to_drain", lambda settings, stream, epoch: asked.append((stream, epoch))
    )
    monkeypatch.setattr(
        module, "epoch_meant", lambda settings, stream, followed: meant(ALIVE, followed)
    )
    return asked


def test_a_watch_of_a_run_that_is_over_stops_no_later_driver(drains):
    """A triggerer that comes back revives it for a moment, then hears that its run was ended."""
    trigger = following(epoch=7)
    watch(trigger, [RELAUNCHED, replace(FREE, epoch=8)])
    asyncio.run(trigger.on_kill())
    assert drains == [("counts", 7)]


def test_a_person_who_ends_the_task_stops_the_driver_that_it_follows_now(drains, monkeypatch):
    """Also after a relaunch, of which the stored trigger knows nothing."""
    monkeypatch.setattr(module, "SURE_SECONDS", -1.0)
    trigger = following(epoch=7)
    watch(trigger, [ALIVE, RELAUNCHED, replace(FREE, epoch=8)])
    asyncio.run(trigger.on_kill())
    assert drains == [("counts", 8)]


def test_a_stop_that_arrives_late_spares_the_driver_of_the_next_task(drains, monkeypatch):
    """A busy triggerer hears of a clear only after the next task's driver took the lease."""
    monkeypatch.setattr(module, "SURE_SECONDS", -1.0)
    next_task = replace(ALIVE, epoch=8, token="theirs", submitted_by="airflow counts_stream")
    trigger = following(epoch=7, token="ours")
    mine = replace(ALIVE, token="ours", submitted_by="airflow counts_stream")
    watch(trigger, [mine, next_task, replace(next_task, owned=False, alive=False)])
    asyncio.run(trigger.on_kill())
    assert drains == [("counts", 7)]


def test_a_stop_reaches_a_driver_that_somebody_else_than_airflow_submitted(drains, monkeypatch):
    """The task follows the stream; no other task will hear this person."""
    monkeypatch.setattr(module, "SURE_SECONDS", -1.0)
    by_reconcile = replace(ALIVE, epoch=8, token="theirs", submitted_by="reconcile")
    trigger = following(epoch=7, token="ours")
    watch(trigger, [ALIVE, by_reconcile, replace(by_reconcile, owned=False, alive=False)])
    asyncio.run(trigger.on_kill())
    assert drains == [("counts", 8)]


def test_a_watch_that_begins_late_sees_that_its_driver_has_come_and_gone():
    """Else the task would wait three minutes for a driver that was there already."""
    [event] = watch(following(epoch=None, means=7), [FREE])
    assert (event["event"], event["lost"]) == ("ended", False)


def test_a_person_who_ends_a_parked_task_stops_nothing(drains):
    """A driver that was started meanwhile is not this task's."""
    asyncio.run(following(parked=True).on_kill())
    assert drains == []


@pytest.mark.parametrize(
    ("now", "followed", "epoch"),
    [
        (ALIVE, 7, 7),
        (RELAUNCHED, 7, 7),
        (ALIVE, None, 7),
        (FREE, None, 8),
    ],
)
def test_a_stop_means_one_epoch(now, followed, epoch):
    """A request that comes late must not stop the successor."""
    assert meant(now, followed) == epoch


def test_the_end_of_a_watch_stops_nothing(drains):
    """`cleanup` also runs when the triggerer restarts."""
    asyncio.run(following(epoch=7).cleanup())
    assert drains == []
