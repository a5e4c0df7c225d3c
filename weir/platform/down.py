"""Stop everything this copy of Weir started, also when its supervisor is gone."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import structlog

from weir.errors import WeirError
from weir.ops.lease import held_leases, release
from weir.platform import leftovers
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor
from weir.store.postgres import connect

log = structlog.get_logger()
# Who needs others stops before them: a task of Airflow without its API server would fail.
FIRST = (
    *("airflow-triggerer", "airflow-scheduler", "airflow-dags", "airflow-api", "reconcile"),
    *("collect-", "api", "spark-worker", "spark-master"),
)
GRACE_SECONDS = 60.0


def stop_platform(layout: Layout, say: Callable[[str], None]) -> int:
    """Stop in reverse order of need; return how many processes had to be ended one by one."""
    supervisor = Supervisor(layout)
    if supervisor.alive():
        names = [n for n, facts in supervisor.processes().items() if facts["pid"]]
        for name in sorted(names, key=stop_order):
            if name == "postgres":
                free_leases(layout)
            supervisor.stop_component(name)
            say(f"{name:<18} stopped")
        pid = supervisor.pid()
        supervisor.shutdown()
        _wait_until_gone(pid)
    forced = leftovers.stop(leftovers.find(layout))
    if forced:
        say(f"{forced} processes without a supervisor stopped")
    return forced


def stop_order(name: str) -> tuple[int, str]:
    """Sorts components into the order in which they are stopped."""
    places = (place for place, start in enumerate(FIRST) if name.startswith(start))
    return next(places, len(FIRST)), name


def free_leases(layout: Layout) -> None:
    """Free the leases of the drivers that ended with the workers: the next start need not wait.

    Without PostgreSQL it does nothing; then the next driver watches for a sign of life first.
    """
    try:
        with connect(layout.settings.dsn_file, application_name="weir-down") as connection:
            for stream, epoch in held_leases(connection):
                release(connection, stream, epoch)
    except (WeirError, psycopg.Error) as error:
        log.warning("leases stay held", error=str(error).splitlines()[0])


def _wait_until_gone(pid: int) -> None:
    import psutil

    deadline = time.monotonic() + GRACE_SECONDS
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
