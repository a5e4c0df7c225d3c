"""Which processes are ours, when neither their environment nor their parent can tell."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from weir.platform import leftovers
from weir.platform.component import starts_file
from weir.platform.layout import Layout
from weir.settings import Settings


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(Settings(_env_file=None, home=tmp_path / "home"))
    layout.create()
    return layout


@pytest.fixture
def orphan() -> Iterator[tuple[int, int]]:
    """A process whose group leader was killed, as (group, process); it bears no mark of ours."""
    script = "sleep 300 & echo $!; kill -9 $$"
    leader = subprocess.Popen(
        ["/bin/sh", "-c", script], process_group=0, stdout=subprocess.PIPE, text=True, env={}
    )
    assert leader.stdout is not None
    pid = int(leader.stdout.readline())
    leader.wait()
    yield leader.pid, pid
    os.kill(pid, signal.SIGKILL)


def found(layout: Layout) -> set[int]:
    return {process.pid for process in leftovers.find(layout)}


def test_a_child_of_a_killed_component_is_ours_by_its_group(
    layout: Layout, orphan: tuple[int, int]
) -> None:
    """The workers of a killed Airflow scheduler hide their environment from other processes."""
    group, pid = orphan
    assert pid not in found(layout)
    starts_file(layout, "airflow-scheduler").write_text(f"{group} {time.time():.0f}\n")
    assert pid in found(layout)


def test_a_group_whose_leader_began_at_another_time_is_not_ours(layout: Layout) -> None:
    """The number of a component that ended long ago was given away again."""
    other = subprocess.Popen(["/bin/sleep", "300"], process_group=0, env={})
    try:
        starts_file(layout, "api").write_text(f"{other.pid} {time.time() - 600:.0f}\n")
        assert other.pid not in found(layout)
    finally:
        other.kill()
        other.wait()
