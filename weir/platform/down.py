"""Stop everything this copy of Weir started, also when its supervisor is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed

import psycopg
import structlog

from weir.errors import WeirError
from weir.ops.lease import held_leases, release
from weir.platform import leftovers
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor
from weir.store.postgres import connect

log = structlog.get_logger()
# Who needs others stops before them: a task of Airflow without its API server would fail, a driver
# without Kafka too. What stands in one wave is stopped at the same time; the rest comes last.
WAVES = (
    ("airflow-triggerer", "airflow-scheduler", "airflow-dags", "reconcile", "collect-"),
    ("airflow-api", "api", "spark-worker"),
)
GRACE_SECONDS = 60.0


def stop_platform(layout: Layout, say: Callable[[str], None]) -> int:
    """Stop in reverse order of need; return how many processes had to be ended one by one."""
    supervisor = Supervisor(layout)
    if supervisor.alive():
        names = [n for n, facts in supervisor.processes().items() if facts["pid"]]
        for place in range(len(WAVES) + 1):
            if place == len(WAVES) and "postgres" in names:
                free_leases(layout)
            _stop_wave(supervisor, [name for name in names if wave_of(name) == place], say)
        pid = supervisor.pid()
        supervisor.shutdown()
        _wait_until_gone(pid)
    forced = leftovers.stop(leftovers.find(layout))
    if forced:
        say(f"{forced} processes without a supervisor stopped")
    return forced


def wave_of(name: str) -> int:
    """In which wave a component is stopped, from 0."""
    return next((place for place, wave in enumerate(WAVES) if name.startswith(wave)), len(WAVES))


def _stop_wave(supervisor: Supervisor, names: list[str], say: Callable[[str], None]) -> None:
    """Stop these at the same time; wait for all. Raises what one of them raised."""
    with ThreadPoolExecutor(max_workers=max(len(names), 1)) as pool:
        stopping = {pool.submit(supervisor.stop_component, name): name for name in names}
        for stopped in as_completed(stopping):
            stopped.result()
            say(f"{stopping[stopped]:<18} stopped")


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
