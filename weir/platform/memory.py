"""Memory as PSS: shared pages counted once over all processes, so that the sums are true."""

from __future__ import annotations

import psutil

BYTES_PER_MB = 1024 * 1024


def pss_mb(pid: int) -> float | None:
    """PSS of the process and all below it, in MiB; None if it is gone or may not be read."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    total = 0
    for process in family:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # ended meanwhile, or another user's
    return round(total / BYTES_PER_MB, 1)
