"""What Airflow executes of the folder plugins/."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

from airflow._shared.module_loading import find_path_from_directory

from stream_ops import go
from weir.ops.follow import Sight
from weir.settings import REPO


def test_exactly_one_file_of_the_folder_is_executed():
    """An `operator.py` executed under its bare name would shadow the standard library's."""
    found = [
        path
        for path in find_path_from_directory(str(REPO / "plugins"), ".airflowignore")
        if path.endswith(".py")
    ]
    assert found == [str(REPO / "plugins" / "weir_plugin.py")]


def test_loading_the_plugins_adds_one_module_and_builds_no_web_app():
    """Every task process pays for what is loaded here."""
    program = (
        "import sys; from airflow import plugins_manager; before = set(sys.modules)\n"
        "plugins, errors = plugins_manager._get_plugins(); assert errors == {}, errors\n"
        "assert 'weir' in [plugin.name for plugin in plugins]\n"
        "added = set(sys.modules) - before\n"
        "print([name for name in added if name.partition('.')[0] in OURS])"
    )
    ours = "OURS = ('weir', 'weir_plugin', 'stream_ops', 'operator', 'trigger', 'fastapi')\n"
    done = subprocess.run(
        [sys.executable, "-c", ours + program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "['weir_plugin']"


def test_the_link_to_spark_leads_to_the_master_while_no_driver_works():
    """A dead address would look like a broken link."""
    alive = Sight(
        desired="run",
        epoch=3,
        owned=True,
        alive=True,
        draining=False,
        silent_seconds=1.0,
        app_id="app-3",
        ui_url="http://driver:4040",
        reason=None,
        driver_id=None,
    )
    assert go.spark_ui_of(alive, "http://master:8081") == "http://driver:4040"
    dead = replace(alive, alive=False)
    assert go.spark_ui_of(dead, "http://master:8081") == "http://master:8081"
