"""Processes that outlived their supervisor, found by the mark in their environment."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from weir.platform.layout import Layout

GRACE_SECONDS = 25.0


def find(layout: Layout) -> list[psutil.Process]:
    """Live processes that this copy of Weir started, except the one that asks."""
    found = []
    own = psutil.Process().pid
    for process in psutil.process_iter(["pid"]):
        try:
            mark = process.environ().get("WEIR_INSTANCE")
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue  # gone, or another user's: not ours to stop
        if mark == layout.instance and process.pid != own:
            found.append(process)
    return found


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
