"""One JSON file per matrix run: revision, machine, counts."""

from __future__ import annotations

import json
import platform
import subprocess
from datetime import UTC, datetime
from typing import Any

import psutil

from weir.settings import REPO

FOLDER = REPO / "benchmarks" / "results"


def revision() -> str:
    """The commit that is measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True).stdout.strip()


def write_result(name: str, **facts: Any) -> None:
    """Write benchmarks/results/<name>.json, replacing an older run's."""
    machine = {
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
    }
    when = datetime.now(UTC).isoformat(timespec="seconds")
    FOLDER.mkdir(parents=True, exist_ok=True)
    content = {"revision": revision(), "when": when, "machine": machine, **facts}
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
