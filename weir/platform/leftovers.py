"""Processes that outlived their supervisor, found by their pid file, their mark and their group.

As a program (`python -m weir.platform.leftovers STARTS_FILE`) it ends what the killed predecessors
of one component left behind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from weir.platform.layout import Layout

GRACE_SECONDS = 25.0
SAME_START_SECONDS = 5.0


def find(layout: Layout) -> list[psutil.Process]:
    """Live processes that this copy of Weir started, except the one that asks.

    By the mark for all they started in turn (drivers, executors); by the pid file for servers
    that overwrite their environment with their title, as PostgreSQL and Redis do; by the group
    for children that hide theirs, as Airflow's workers do.
    """
    own = psutil.Process().pid
    found = {p.pid: p for p in _recorded(layout)}
    groups = _groups(layout.run.glob("*.starts"))
    for process in psutil.process_iter(["pid"]):
        if _marked(process, layout) or _in_group(process, groups):
            found[process.pid] = process
    found.pop(own, None)
    return list(found.values())


def _marked(process: psutil.Process, layout: Layout) -> bool:
    try:
        return process.environ().get("WEIR_INSTANCE") == layout.instance
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False  # gone, another user's, or it hides its environment


def end_predecessors(starts: Path) -> int:
    """Kill what is left of a component's earlier starts; how many processes.

    Its children hold its sockets. An open transaction of a killed scheduler of Airflow would keep
    rows locked for as long as one of its workers lives, which is for ever.
    """
    groups = _groups([starts] if starts.exists() else [])
    left = [p for p in psutil.process_iter(["pid"]) if _in_group(p, groups)]
    for process in left:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(left, timeout=GRACE_SECONDS)
    return len(left)


def _groups(files: Iterable[Path]) -> dict[int, float]:
    """Every process group that a component led since the last start, with its first second."""
    lines = [line for file in files for line in file.read_text().splitlines()]
    words = [line.split() for line in lines]
    return {int(pid): float(since) for pid, since in (pair for pair in words if len(pair) == 2)}


def _in_group(process: psutil.Process, groups: dict[int, float]) -> bool:
    """Whether it belongs to a component's group, and the number was not given away since."""
    try:
        group = os.getpgid(process.pid)
        if group not in groups or os.getuid() not in (0, process.uids().real):
            return False
        began = psutil.Process(group).create_time()
    except ProcessLookupError:
        return False
    except psutil.NoSuchProcess as gone:
        return gone.pid != process.pid  # its leader has ended
    return abs(began - groups[group]) < SAME_START_SECONDS


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


if __name__ == "__main__":
    if ended := end_predecessors(Path(sys.argv[1])):
        print(f"ended {ended} processes that a killed predecessor had left behind")
