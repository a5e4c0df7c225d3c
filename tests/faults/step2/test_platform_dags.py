"""The platform's own DAGs, triggered on the shell of a whole platform."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.step2.room import Room
from tests.support.eventually import eventually
from tests.support.platform import environment
from weir.ops.gaps import GapState, fetch_gaps
from weir.ops.window import TimeWindow
from weir.platform.airflow_jobs import connect_metadata
from weir.settings import REPO
from weir.store.postgres import connect

LAST_RUN = """
    select run.state, task.task_id, task.state from dag_run run
    left join task_instance task on task.dag_id = run.dag_id and task.run_id = run.run_id
    where run.id = (select max(id) from dag_run where dag_id = %s and run_type = 'manual')
"""


def trigger(room: Room, dag_id: str, **conf: object) -> subprocess.CompletedProcess[str]:
    """`bin/airflow dags trigger`, as in a fresh shell."""
    return subprocess.run(
        [REPO / "bin" / "airflow", "dags", "trigger", dag_id, "--conf", json.dumps(conf)],
        env=environment(room.settings),
        capture_output=True,
        text=True,
    )


def ended(room: Room, dag_id: str) -> tuple[str, dict[str, str]]:
    """State of the newest run by hand and of its tasks, when it is over."""

    def look() -> list[tuple[object, ...]]:
        with connect_metadata(room.settings.dsn_file, application_name="faults") as metadata:
            return metadata.execute(LAST_RUN, [dag_id]).fetchall()

    rows = eventually(
        look,
        lambda rows: bool(rows) and rows[0][0] in ("success", "failed"),
        within_seconds=240,
        every_seconds=1,
    )
    return str(rows[0][0]), {str(row[1]): str(row[2]) for row in rows}


@pytest.mark.timeout(600)
def test_a_migration_in_dry_run_ends_before_it_changes_anything(control_room: Room):
    """And a value that the form does not know starts no run."""
    assert trigger(control_room, "platform_migrate", dry_run=True).returncode == 0
    state, tasks = ended(control_room, "platform_migrate")
    assert (state, tasks) == ("success", {"plan": "success", "migrate": "skipped"})
    assert trigger(control_room, "platform_migrate", dry_run="perhaps").returncode != 0


@pytest.mark.timeout(600)
def test_an_hour_older_than_the_source_keeps_becomes_a_permanent_gap(control_room: Room):
    """Through the whole of Airflow: parameters, the waiting for the collector, the row."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=10)
    window = TimeWindow(end - timedelta(hours=1), end)
    asked = {"from": window.start.isoformat(), "to": window.end.isoformat()}
    assert trigger(control_room, "wikimedia_refill_hourly", **asked).returncode == 0
    state, tasks = ended(control_room, "wikimedia_refill_hourly")
    assert (state, tasks["refill"]) == ("success", "success")
    with connect(control_room.settings.dsn_file, application_name="faults") as connection:
        gaps = fetch_gaps(connection, "wikimedia", [GapState.PERMANENT])
    assert window in [gap.window for gap in gaps]
