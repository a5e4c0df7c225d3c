"""A backfill of the refill's DAG as a person drives it: made on the shell, the rest by REST."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.support.airflow_rest import AirflowRest
from tests.support.eventually import eventually
from tests.support.platform import environment
from weir.ops.window import TimeWindow
from weir.platform.airflow_jobs import connect_metadata
from weir.settings import REPO, Settings
from weir.store.postgres import connect

DAG = "wikimedia_refill_hourly"
ENDED = ("success", "failed")


@dataclass
class Backfill:
    """The backfill of whole hours."""

    settings: Settings
    window: TimeWindow
    airflow: AirflowRest

    def create(self, *words: str) -> str:
        """`airflow backfill create`; what it printed. Both dates are included."""
        last = self.window.end - timedelta(hours=1)
        dates = ["--from-date", self.window.start.isoformat(), "--to-date", last.isoformat()]
        done = subprocess.run(
            [REPO / "bin" / "airflow", "backfill", "create", "--dag-id", DAG, *dates, *words],
            env=environment(self.settings),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def order(self, verb: str) -> None:
        """pause, unpause or cancel, of the newest backfill."""
        known = self.airflow.do("GET", f"/backfills?dag_id={DAG}")["backfills"]
        newest = max(int(row["id"]) for row in known)
        self.airflow.do("PUT", f"/backfills/{newest}/{verb}")

    def states(self) -> Counter[str]:
        """How many runs are in which state."""
        with connect_metadata(self.settings.dsn_file, application_name="faults") as metadata:
            rows = metadata.execute(
                "select state from dag_run where dag_id = %s and run_type = 'backfill'"
                " and logical_date >= %s and logical_date < %s",
                [DAG, self.window.start, self.window.end],
            ).fetchall()
        return Counter(str(row[0]) for row in rows)

    def wait_for(self, expected: Any, within_seconds: float = 1800) -> Counter[str]:
        """Wait for states of which `expected` holds."""
        return eventually(self.states, expected, within_seconds=within_seconds, every_seconds=1)


@dataclass(frozen=True)
class Cadence:
    """How regularly the live stream finished its batches."""

    batches: int
    longest_pause_seconds: float
    longest_batch_seconds: float

    def as_facts(self) -> dict[str, float]:
        return {name: round(value, 2) for name, value in vars(self).items()}


def cadence(settings: Settings, stream: str, since: datetime) -> Cadence:
    """Of the stream's batches since then."""
    with connect(settings.dsn_file, application_name="faults") as connection:
        rows = connection.execute(
            "select ended_at, duration_ms from ops.stream_progress"
            " where stream = %s and ended_at >= %s order by ended_at",
            [stream, since],
        ).fetchall()
    pauses = [(later[0] - earlier[0]).total_seconds() for earlier, later in pairwise(rows)]
    return Cadence(
        batches=len(rows),
        longest_pause_seconds=max(pauses, default=0.0),
        longest_batch_seconds=max((row[1] / 1000 for row in rows), default=0.0),
    )
