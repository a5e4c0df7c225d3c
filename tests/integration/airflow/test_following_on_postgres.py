"""A task's watch and its stop request, on a real PostgreSQL with a driver made of rows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stream_ops.asking import ask_to_drain, epoch_meant
from stream_ops.trigger import StreamTrigger
from tests.support.eventually import eventually
from tests.support.stores import own_database
from weir.ops import desired, lease
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
STREAM = "counts"


class Driver:
    """A driver as the database sees it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connection = connect(settings.dsn_file, application_name="test")
        lease.ensure_stream(self.connection, STREAM)
        self.epoch = 0

    def take(self) -> int:
        """Take the lease and give a first sign of life."""
        now = lease.fetch_lease(self.connection, STREAM)
        epoch = lease.acquire(self.connection, now, owner="driver", token=f"token-{now.epoch}")
        assert epoch is not None
        self.epoch = epoch
        self.beat(1)
        return epoch

    def beat(self, number: int) -> None:
        lease.send_beat(
            self.connection,
            STREAM,
            lease.Beat(
                epoch=self.epoch,
                beat=number,
                started_at=datetime.now(UTC),
                app_id="app-1",
                ui_url=None,
                version="test",
                last_batch=None,
            ),
        )

    def release(self) -> None:
        lease.release(self.connection, STREAM, self.epoch)

    def draining(self) -> bool:
        return lease.fetch_lease(self.connection, STREAM).draining

    def wishes(self) -> tuple[Any, ...] | None:
        """What people want, which a stop request must not touch."""
        return self.connection.execute(
            "select desired, reason, changed_by from ops.stream where stream = %s", [STREAM]
        ).fetchone()


@pytest.fixture
def driver(platform: Settings, tmp_path: Path) -> Iterator[Driver]:
    with own_database(platform, tmp_path) as settings:
        driver = Driver(settings)
        yield driver
        driver.connection.close()


class Watch:
    """A trigger at work in a thread of its own."""

    def __init__(self, settings: Settings, **given: Any) -> None:
        self.trigger = StreamTrigger(stream=STREAM, poll_seconds=0.05, **given)
        self.trigger._settings = settings
        self.event: Future[dict[str, Any]] = Future()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        async def first() -> dict[str, Any]:
            async for event in self.trigger.run():
                return dict(event.payload)
            raise AssertionError("the watch ended without a word")

        self.event.set_result(asyncio.run(first()))


def test_a_stop_request_stops_its_epoch_and_changes_no_wish(driver: Driver) -> None:
    """Mark failed is a restart or a stop of a task, never a change of what people want."""
    epoch = driver.take()
    before = driver.wishes()
    ask_to_drain(driver.settings, STREAM, epoch)
    assert driver.draining()
    assert driver.wishes() == before


def test_a_stop_request_that_comes_late_leaves_the_next_driver_alone(driver: Driver) -> None:
    """After a clear, the new driver may be there before the old task's request."""
    old = driver.take()
    driver.release()
    driver.take()
    ask_to_drain(driver.settings, STREAM, old)
    assert not driver.draining()


def test_a_submission_that_has_no_lease_yet_is_stopped_when_it_takes_it(driver: Driver) -> None:
    """A person may change their mind within seconds."""
    epoch = epoch_meant(driver.settings, STREAM, None)
    ask_to_drain(driver.settings, STREAM, epoch)
    assert driver.take() == epoch
    assert driver.draining()


def test_a_watch_goes_from_lease_to_lease_and_ends_when_nobody_holds_it(driver: Driver) -> None:
    """A takeover by Spark's relaunch is no event."""
    first = driver.take()
    watch = Watch(driver.settings, epoch=first)
    eventually(lambda: watch.trigger._said, lambda said: f"epoch {first} runs" in said)
    second = driver.take()
    eventually(lambda: watch.trigger.epoch, lambda epoch: epoch == second)
    assert not watch.event.done()
    driver.release()
    event = watch.event.result(timeout=20)
    assert (event["event"], event["lost"]) == ("ended", False)


def test_a_parked_watch_ends_with_the_verb_start(driver: Driver) -> None:
    """Drained and failed streams wait alike."""
    desired.want_drained(driver.connection, STREAM, "anna", "for the night")
    watch = Watch(driver.settings, parked=True)
    eventually(lambda: watch.trigger._said, lambda said: "for the night" in said)
    desired.want_run(driver.connection, STREAM, "anna")
    assert watch.event.result(timeout=20)["event"] == "wanted"


def test_a_lost_connection_is_made_again(driver: Driver) -> None:
    """PostgreSQL restarts; streams do not care."""
    epoch = driver.take()
    watch = Watch(driver.settings, epoch=epoch)
    eventually(lambda: watch.trigger._said, lambda said: "runs" in said)
    driver.connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = 'weir-airflow'"
    )
    driver.release()
    assert watch.event.result(timeout=20)["event"] == "ended"
