"""The control room under test: the rig of the fault matrix, seen through Airflow as well."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.faults.oracle import count
from tests.faults.rig import STREAM, Rig, rig
from tests.faults.step2.watcher import Watcher
from tests.support.airflow_rest import AirflowRest
from tests.support.eventually import eventually
from weir.kafka.reader import read_range
from weir.ops.follow import Sight, fetch_sight
from weir.platform.airflow_jobs import connect_metadata
from weir.settings import Settings
from weir.sources.wikimedia.generator import SampleStream
from weir.store.postgres import connect

DAG = f"{STREAM}_stream"
PATIENCE_SECONDS = 150.0

TASKS = """
    select run.run_id, run.state, task.state, watch.triggerer_id
    from dag_run run
    left join task_instance task on task.dag_id = run.dag_id and task.run_id = run.run_id
    left join trigger watch on watch.id = task.trigger_id
    where run.dag_id = %s and run.state in ('queued', 'running') order by run.id
"""


@dataclass(frozen=True)
class View:
    """The stream, and the runs of its DAG that are not over: (run, its state, task, triggerer)."""

    sight: Sight
    runs: list[tuple[Any, ...]]

    @property
    def active(self) -> list[tuple[Any, ...]]:
        return [run for run in self.runs if run[1] == "running"]

    @property
    def run_id(self) -> str:
        """The one run at work."""
        [run] = self.active
        return str(run[0])

    @property
    def deferred(self) -> bool:
        """One run whose task waits in a triggerer, holding no slot."""
        return [(run[2], run[3] is not None) for run in self.active] == [("deferred", True)]

    @property
    def works(self) -> bool:
        return self.sight.alive and not self.sight.draining and self.sight.app_id is not None

    @property
    def parked(self) -> bool:
        return self.sight.desired != "run" and not self.sight.owned


class Room:
    """A running platform with its Airflow."""

    def __init__(self, base: Rig) -> None:
        self.rig = base
        self.settings = base.settings
        self.airflow = AirflowRest(base.settings)

    def view(self) -> View | None:
        """One look; None while a database is away."""
        try:
            with connect(self.settings.dsn_file, application_name="faults") as connection:
                sight = fetch_sight(connection, STREAM)
            with connect_metadata(self.settings.dsn_file, application_name="faults") as metadata:
                return View(sight, metadata.execute(TASKS, [DAG]).fetchall())
        except psycopg.OperationalError:
            return None

    def until(self, expected: Any, within_seconds: float = PATIENCE_SECONDS) -> View:
        """Wait for a view of which `expected` holds."""
        seen = eventually(
            self.view,
            lambda view: view is not None and expected(view),
            within_seconds=within_seconds,
            every_seconds=0.5,
        )
        assert seen is not None
        return seen

    def settled(self, epoch: int | None = None) -> View:
        """Wait until the stream works (in that epoch) and its task waits deferred."""
        return self.until(
            lambda v: v.works and v.deferred and epoch in (None, v.sight.epoch),
        )

    def healthy(self) -> None:
        """Wait until every component is."""
        eventually(
            lambda: {name: row["state"] for name, row in self.rig.components().items()},
            lambda states: set(states.values()) == {"healthy"},
            within_seconds=PATIENCE_SECONDS,
            every_seconds=1,
        )

    def control(self, verb: str) -> None:
        """The verb, by the form of `stream_control`; wait until its run is over."""
        run_id = self.airflow.trigger("stream_control", stream=STREAM, verb=verb)
        state = eventually(
            lambda: self.airflow.run_state("stream_control", run_id),
            lambda state: state in ("success", "failed"),
            within_seconds=PATIENCE_SECONDS,
            every_seconds=0.5,
        )
        assert state == "success"

    def slots_held(self) -> int:
        """Worker slots that the stream's DAG holds now."""
        with connect_metadata(self.settings.dsn_file, application_name="faults") as metadata:
            row = metadata.execute(
                "select count(*) from task_instance where dag_id = %s"
                " and state in ('queued', 'running')",
                [DAG],
            ).fetchone()
        assert row is not None
        return int(str(row[0]))

    def watches(self) -> int:
        """Triggers that Airflow keeps, also those of runs that are over."""
        with connect_metadata(self.settings.dsn_file, application_name="faults") as metadata:
            row = metadata.execute("select count(*) from trigger").fetchone()
        assert row is not None
        return int(str(row[0]))

    def check_counts(self) -> int:
        """Stop the input, and hold the counts against an independent count of the topic."""
        self.rig.stop("collect-wikimedia")
        values = [m.value or b"" for m in read_range(self.settings, "wikimedia_events")]
        expected = count(values)
        self.rig.wait_for(len(expected.ids), within_seconds=PATIENCE_SECONDS)
        self.rig.check_tables(expected)
        self.rig.start("collect-wikimedia")
        return len(expected.ids)

    @contextmanager
    def watched(self) -> Iterator[Watcher]:
        """Count drivers all the while."""
        watcher = Watcher(self.settings, STREAM)
        watcher.start()
        try:
            yield watcher
        finally:
            watcher.end()


@contextmanager
def room(rate: float) -> Iterator[Room]:
    """A whole platform, secure as a person has it, on a sample server of this rate."""
    with rig(10_000_000, rate, airflow=True, security="sasl_ssl") as base:
        found = Room(base)
        try:
            base.wait_for(1)
            found.settled()
            yield found
        finally:
            keep_logs(found)


def attached_room(settings: Settings) -> Room:
    """A whole platform that runs already: quick while developing."""
    return Room(Rig(settings, SampleStream(seed=7), 0, ""))


def keep_logs(found: Room) -> None:
    """Leave the logs in the folder that a person names in WEIR_FAULT_LOGS."""
    folder = os.environ.get("WEIR_FAULT_LOGS")
    if folder:
        home = found.settings.home
        for part in ("logs", "airflow/logs"):
            shutil.copytree(home / part, f"{folder}/{part}", dirs_exist_ok=True)
