"""CPU and memory of a driver: its JVM, its Python and its executor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psutil

from tests.support.drivers import processes_with


def processes_of(argument: str) -> list[psutil.Process]:
    """Driver JVM and Python whose arguments hold this text, and the executor of the driver."""
    driver = [psutil.Process(pid) for pid in processes_with(argument).values()]
    ports = {
        connection.laddr.port
        for process in driver
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    executors = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(
            f"@127.0.0.1:{p}" in w or f"@localhost:{p}" in w
            for w in process.info["cmdline"] or ()
            for p in ports
        )
        and "org.apache.spark.executor.CoarseGrainedExecutorBackend" in process.info["cmdline"]
    ]
    return [*driver, *executors]


class Usage:
    """What processes used from now on."""

    def __init__(self, processes: Sequence[psutil.Process]) -> None:
        self._processes = processes
        self._before = self._cpu()

    def since(self, messages: int) -> dict[str, Any]:
        """CPU seconds per million messages, and the memory now."""
        pss = sum(process.memory_full_info().pss for process in self._processes)
        return {
            "cpu_seconds_per_million": round((self._cpu() - self._before) * 1e6 / messages, 2),
            "pss_mb": round(pss / 2**20),
            "processes": len(self._processes),
        }

    def _cpu(self) -> float:
        times = [process.cpu_times() for process in self._processes]
        return sum(t.user + t.system for t in times)
