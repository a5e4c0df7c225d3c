"""Processes that outlived their supervisor, found by their pid file and their mark."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from weir.platform.layout import Layout

GRACE_SECONDS = 25.0
SAME_START_SECONDS = 5.0


def find(layout: Layout) -> list[psutil.Process]:
    """Live processes that this copy of Weir started, except the one that asks.

    By the mark for all they started in turn (drivers, executors); by the pid file for servers
    that overwrite their environment with their title, as PostgreSQL and Redis do.
    """
    own = psutil.Process().pid
    found = {p.pid: p for p in _recorded(layout)}
    for process in psutil.process_iter(["pid"]):
        try:
            if process.environ().get("WEIR_INSTANCE") == layout.instance:
                found[process.pid] = process
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue  # gone, or another user's: not ours to stop
    found.pop(own, None)
    return list(found.values())


def _recorded(layout: Layout) -> list[psutil.Process]:
    processes = []
    for file in layout.run.glob("*.pid"):
        try:
            process = psutil.Process(int(file.read_text()))
            age_seconds = file.stat().st_mtime - process.create_time()
        except (psutil.NoSuchProcess, ValueError):
            continue
        if abs(age_seconds) < SAME_START_SECONDS:  # else the number was given to another process
            processes.append(process)
    return processes


def stop(processes: Iterable[psutil.Process]) -> int:
    """Stop them: politely, and after a grace period by force; return how many there were."""
    asked = list(processes)
    for process in asked:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, stubborn = psutil.wait_procs(asked, timeout=GRACE_SECONDS)
    for process in stubborn:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(stubborn, timeout=5)
    return len(asked)
