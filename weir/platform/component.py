"""What the supervisor runs: one `Component` per process."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weir.platform.layout import Layout

LEFTOVERS = "weir.platform.leftovers"


@dataclass(frozen=True, kw_only=True)
class Component:
    """One supervised process, how to see that it is healthy, and what must be healthy before it."""

    name: str
    argv: list[str]
    port: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    healthy: Callable[[], bool]
    prepare: Callable[[], None] = lambda: None
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    start_seconds: float = 60.0
    alone: bool = False
    """A start first ends the children that a killed predecessor left behind."""


def entry_script(component: Component, layout: Layout) -> str:
    """Shell text that records the start, sets the environment and becomes the component.

    A script instead of a supervisor `command=` line keeps spaces, quotes and percent signs in
    paths harmless, and is what a container runs too.
    """
    marks = {"WEIR_INSTANCE": layout.instance, "WEIR_COMPONENT": component.name}
    exports = [f"export {k}={shlex.quote(v)}" for k, v in {**component.env, **marks}.items()]
    starts_path = str(starts_file(layout, component.name))
    starts = shlex.quote(starts_path)
    pid = shlex.quote(str(pid_file(layout, component.name)))
    record = [f"echo $$ $(date +%s) >> {starts}", f"echo $$ > {pid}"]
    predecessors = [shlex.join([str(layout.python), "-m", LEFTOVERS, starts_path]) + " || exit"]
    lines = [
        "#!/bin/sh",
        *(predecessors if component.alone else []),
        *record,
        *exports,
        f"exec {shlex.join(component.argv)}",
    ]
    return "\n".join(lines) + "\n"


def pid_file(layout: Layout, name: str) -> Path:
    """Holds the process id; written just after the process began (`exec` keeps the id)."""
    return layout.run / f"{name}.pid"


def started(layout: Layout, name: str) -> float:
    """Unix seconds of the process's start; 0 where no supervisor started it (a container)."""
    path = pid_file(layout, name)
    return path.stat().st_mtime if path.exists() else 0.0


def starts_file(layout: Layout, name: str) -> Path:
    """One line per start since `weir up`: the process id (also that of its group), unix second."""
    return layout.run / f"{name}.starts"


def restarts(layout: Layout, name: str) -> int:
    """How often the supervisor started the component again by itself."""
    path = starts_file(layout, name)
    return max(0, len(path.read_text().splitlines()) - 1) if path.exists() else 0
