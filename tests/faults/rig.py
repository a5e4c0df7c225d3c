"""The rig of the fault matrix: a whole real platform on a sample server that fails on demand."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.faults.oracle import Expected, expected_of
from tests.support.eventually import eventually
from tests.support.platform import running_platform, weir
from weir.kafka.reader import read_range
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor
from weir.settings import REPO, Settings
from weir.sources.wikimedia.generator import SampleStream
from weir.store.postgres import connect

STREAM = "wikimedia_domain_counts"
START_SECONDS = 30
PATH = "/v2/stream/recentchange"


@dataclass
class Rig:
    """A running platform, its sample server, and the means to hurt both."""

    settings: Settings
    sample: SampleStream
    total: int
    server: str

    def order(self, **faults: Any) -> None:
        """Tell the sample server what to do wrong."""
        httpx.post(f"{self.server}/_faults", json=faults).raise_for_status()

    def components(self) -> dict[str, dict[str, Any]]:
        status = json.loads(weir(self.settings, "status", "--json", check=False).stdout)
        return {row["name"]: row for row in status["components"]}

    def kill(self, component: str, number: int = signal.SIGKILL) -> None:
        """Send the signal to a component; the supervisor starts it again."""
        pid = int((Layout(self.settings).run / f"{component}.pid").read_text())
        os.kill(pid, number)

    def driver_processes(self) -> list[psutil.Process]:
        """The JVM of the stream's driver (its Python ends with it)."""
        mark = Layout(self.settings).instance
        found = []
        for process in psutil.process_iter(["pid"]):
            try:
                words = process.cmdline()
                ours = process.environ().get("WEIR_INSTANCE") == mark
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if ours and any(w.endswith("DriverWrapper") for w in words):
                found.append(process)
        return found

    def kill_driver(self) -> None:
        # Two minutes pass before reconcile submits what a master forgot.
        processes = eventually(self.driver_processes, bool, within_seconds=200)
        with connect(self.settings.dsn_file, application_name="faults") as connection:
            # A matrix kills more often than the restart breaker allows.
            connection.execute("update ops.stream_lease set breaker_reset_at = clock_timestamp()")
        for process in processes:
            process.kill()

    def stop(self, component: str) -> None:
        """Stop a component and keep it stopped."""
        Supervisor(Layout(self.settings)).stop_component(component)

    def start(self, component: str) -> None:
        Supervisor(Layout(self.settings)).start_component(component)

    def collector_error(self) -> str:
        """What the collector says is wrong, as people see it."""
        with connect(self.settings.dsn_file, application_name="faults") as connection:
            row = connection.execute("select last_error from ops.collector").fetchone()
            return (row and row[0]) or ""

    def delete_checkpoint(self) -> None:
        shutil.rmtree(Layout(self.settings).checkpoints / STREAM, ignore_errors=True)

    def stats(self, **question: Any) -> dict[str, Any] | None:
        try:
            answer = httpx.get(f"{self.settings.api_url}/stats", params=question, timeout=10)
        except httpx.HTTPError:
            return None
        return dict(answer.json()) if answer.is_success else None

    def counted(self) -> int:
        """Events counted so far, by PostgreSQL; -1 while it is away."""
        try:
            with connect(self.settings.dsn_file, application_name="faults") as connection:
                row = connection.execute(
                    "select coalesce(sum(changes), 0) from wikimedia.domain_total"
                )
                return int(row.fetchone()[0])
        except Exception:  # noqa: BLE001 - a fault is going on; the caller asks again
            return -1

    def wait_for(self, events: int, within_seconds: float = 300) -> None:
        """Wait until at least so many events are counted."""
        eventually(
            self.counted, lambda n: n >= events, within_seconds=within_seconds, every_seconds=0.5
        )

    def check_tables(self, expected: Expected) -> None:
        """Hold PostgreSQL's totals and minutes against an independent count."""
        with connect(self.settings.dsn_file, application_name="faults") as connection:
            totals = connection.execute(
                "select domain, changes, edits, bot_edits from wikimedia.domain_total"
            ).fetchall()
            minutes = connection.execute(
                "select window_start, domain, changes, edits, bot_edits"
                " from wikimedia.domain_minute"
            ).fetchall()
        assert {row[0]: row[1:] for row in totals} == expected.totals
        assert {(row[0], row[1]): row[2:] for row in minutes} == expected.minutes

    def check(self, within_seconds: float = 300) -> Expected:
        """Wait for the end, then hold topic, PostgreSQL, Redis and /stats against the oracle."""
        expected = expected_of(self.sample, self.total)
        self.wait_for(len(expected.ids), within_seconds)
        eventually(
            lambda: {name: row["state"] for name, row in self.components().items()},
            lambda states: set(states.values()) == {"healthy"},
            within_seconds=120,
            every_seconds=1,
        )
        messages = list(read_range(self.settings, "wikimedia_events"))
        ids = sorted(dict(m.headers)["id"].decode() for m in messages)
        assert len(ids) == len(set(ids)), "a meta.id stands twice in the topic"
        assert ids == expected.ids
        self.check_tables(expected)
        stats = eventually(
            lambda: self.stats(limit=1000),
            lambda s: (
                s is not None
                and s["served_from"] == "redis"
                and s["totals"]["changes"] == len(expected.ids)
            ),
            within_seconds=60,
        )
        shown = {d["domain"]: (d["changes"], d["edits"], d["bot_edits"]) for d in stats["domains"]}
        assert shown == expected.totals
        return expected


@contextmanager
def rig(total: int, rate: float, **settings: object) -> Iterator[Rig]:
    """Start a sample server with `total` events at `rate` per second, and a platform on it."""
    port = _free_port()
    server = f"http://127.0.0.1:{port}"
    begins_ms = int((time.time() + START_SECONDS) * 1000)  # the first event meets a whole platform
    sample = SampleStream(seed=7, start_ms=begins_ms, rate=rate, switch_every=5000)
    words = ["--port", str(port), "--rate", str(rate), "--total", str(total), "--seed", "7"]
    words += ["--start-ms", str(sample.start_ms), "--switch-every", "5000", "--from-beginning"]
    words += ["--retention-minutes", "1440"]  # a fault may last; nothing must be forgotten
    log = Path(os.environ.get("WEIR_FAULT_LOG", os.devnull))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                REPO / ".venv" / "bin" / "python",
                "-m",
                "weir.sources.wikimedia.sample_server",
                *words,
            ],
            cwd=REPO,
            stdout=output,
            stderr=output,
        )
        try:
            given = {"wikimedia_url": server + PATH, "wikimedia_mode": "sample", "airflow": False}
            given |= settings
            with running_platform("", wait=False, **given) as chosen:
                yield Rig(chosen, sample, total, server)
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
