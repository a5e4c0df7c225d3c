"""The entry script of a component survives any path."""

from __future__ import annotations

import subprocess

import psutil

from weir.platform.component import Component, entry_script, pid_file, restarts
from weir.platform.layout import Layout
from weir.settings import Settings


def layout_in(folder):
    return Layout(Settings(_env_file=None, home=folder))


def test_an_argument_with_spaces_quotes_and_percent_arrives_unchanged(tmp_path):
    """Homes are called `Jane's 100% data` too."""
    layout = layout_in(tmp_path / "Jane's 100% data")
    layout.run.mkdir(parents=True)
    odd = """a b 'c' "d" %e $HOME"""
    component = Component(
        name="echo", argv=["printf", "%s|", odd, "$X"], env={"X": odd}, healthy=lambda: True
    )
    done = subprocess.run(
        ["/bin/sh", "-c", entry_script(component, layout)], capture_output=True, text=True
    )
    assert done.stdout == f"{odd}|$X|"


def test_the_script_counts_its_starts_and_records_the_process(tmp_path):
    """`restarts` in the status is what the supervisor did by itself, not the first start."""
    layout = layout_in(tmp_path)
    layout.run.mkdir(parents=True)
    component = Component(name="once", argv=["sh", "-c", "echo $$"], healthy=lambda: True)
    script = entry_script(component, layout)
    counts, pids = [restarts(layout, "once")], []
    for _ in range(3):
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True)
        counts.append(restarts(layout, "once"))
        pids.append((pid_file(layout, "once").read_text().strip(), done.stdout.strip()))
    assert counts == [0, 0, 1, 2]
    assert all(recorded == own for recorded, own in pids)


def test_a_component_that_is_alone_ends_what_a_killed_predecessor_left_behind(tmp_path):
    """The workers of a killed scheduler hold its connection, so the locks of its transaction."""
    layout = layout_in(tmp_path)
    layout.run.mkdir(parents=True)
    leaves_a_child = ["sh", "-c", "sleep 300 & echo $!; exec sleep 300"]
    component = Component(name="parent", argv=leaves_a_child, healthy=lambda: True, alone=True)
    command = ["/bin/sh", "-c", entry_script(component, layout)]
    children: list[int] = []
    try:
        for _ in range(2):
            with subprocess.Popen(
                command, process_group=0, stdout=subprocess.PIPE, text=True
            ) as parent:
                words = iter(parent.stdout.readline, "")
                children.append(next(int(word) for word in words if word.strip().isdigit()))
                alive = [child for child in children if psutil.pid_exists(child)]
                parent.kill()
                parent.stdout.close()
            assert alive == children[-1:]
    finally:
        for child in filter(psutil.pid_exists, children):
            psutil.Process(child).kill()
