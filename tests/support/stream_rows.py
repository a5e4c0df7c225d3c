"""The rows of one stream in a database of a test's own, and a Spark master that is only told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from weir.errors import Unavailable
from weir.ops import lease
from weir.ops.master import MasterState

STREAM = "counts"
TABLES = ("stream_heartbeat", "stream_lease", "stream")


def empty(connection: lease.Pg, stream: str = STREAM) -> None:
    """The stream's rows as new."""
    for table in TABLES:
        connection.execute(f"delete from ops.{table}")  # type: ignore[arg-type]
    connection.execute("delete from ops.audit")
    lease.ensure_stream(connection, stream)


def take(connection: lease.Pg, token: str = "t", driver_id: str | None = None) -> int:
    """Take the lease as a driver does; the epoch."""
    seen = lease.fetch_lease(connection, STREAM)
    epoch = lease.acquire(connection, seen, owner="host:1", token=token, driver_id=driver_id)
    assert epoch is not None
    return epoch


def beat(connection: lease.Pg, epoch: int, number: int = 1) -> lease.Lease:
    """A sign of life."""
    return lease.send_beat(
        connection,
        STREAM,
        lease.Beat(
            epoch=epoch,
            beat=number,
            started_at=datetime.now(UTC),
            app_id="app-1",
            ui_url=None,
            version="0",
            last_batch=None,
        ),
    )


def grow_older(connection: lease.Pg, seconds: float) -> None:
    """Everything that is known happened so much earlier."""
    for table, columns in {
        "stream": ("submitted_at", "changed_at"),
        "stream_lease": ("taken_at", "breaker_reset_at"),
        "stream_heartbeat": ("heartbeat_at",),
        "stream_submission": ("submitted_at",),
        "stream_start": ("taken_at",),
        "operation": ("updated_at",),
    }.items():
        sets = ", ".join(f"{c} = {c} - make_interval(secs => %(s)s)" for c in columns)
        connection.execute(f"update ops.{table} set {sets}", {"s": seconds})  # type: ignore[arg-type]


class ToldMaster:
    """A master of which the test says what runs; submissions and kills are remembered."""

    def __init__(self) -> None:
        self.drivers: dict[str, str] = {}
        self.submitted: list[str] = []
        self.killed: list[str] = []
        self.away = False

    def install(self, patch: pytest.MonkeyPatch) -> ToldMaster:
        """Put it in the place of the real one."""
        for module in ("launch", "saga", "reconcile_pass"):
            patch.setattr(f"weir.ops.{module}.kill_driver", self.kill)
            patch.setattr(f"weir.ops.{module}.fetch_master", self.fetch)
        patch.setattr("weir.ops.launch.wait_until_alive", self.fetch)
        patch.setattr("weir.ops.launch.submit", self.submit)
        return self

    def fetch(self, *_: object) -> MasterState:
        if self.away:
            raise Unavailable("the Spark master does not answer")
        return MasterState(status="ALIVE", alive_workers=1, drivers=dict(self.drivers), apps=())

    def submit(self, *_: object) -> str:
        driver_id = f"driver-1-{len(self.submitted)}"
        self.submitted.append(driver_id)
        self.drivers[driver_id] = "RUNNING"
        return driver_id

    def kill(self, _settings: object, driver_id: str) -> None:
        self.killed.append(driver_id)
        self.drivers[driver_id] = "KILLED"
