"""Memory of the processes of a stream on this machine: its driver and its executors."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from weir.platform.layout import Layout
from weir.platform.memory import pss_mb
from weir.settings import Settings


def belongs(words: Iterable[str], driver_file: str, app_id: str | None) -> bool:
    """Whether a command line is that of the stream's driver or of one of its executors."""
    return any(word == driver_file or (app_id is not None and word == app_id) for word in words)


def stream_memory_mb(settings: Settings, stream: str, app_id: str | None) -> float | None:
    """PSS of driver and executors; None when none of them runs on this machine."""
    driver_file = str(Layout(settings).home / "streams" / f"{stream}.json")
    mine = {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if belongs(process.info["cmdline"] or (), driver_file, app_id)
    }
    # A driver's Python is a child of its Java; counted with its parent, and once.
    tops = [pid for pid in mine if _parent(pid) not in mine]
    sizes = [size for pid in tops if (size := pss_mb(pid)) is not None]
    return round(sum(sizes), 1) if sizes else None


def process_memory_mb(pid: int | None) -> float | None:
    """PSS of one process and all below it; None when it is gone or elsewhere."""
    return None if pid is None or not psutil.pid_exists(pid) else pss_mb(pid)


def _parent(pid: int) -> int | None:
    try:
        return psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:
        return None
