"""What Airflow executes of the folder plugins/."""

from __future__ import annotations

import sys

from airflow import plugins_manager
from airflow._shared.module_loading import find_path_from_directory

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
    before = set(sys.modules)
    plugins, errors = plugins_manager._get_plugins()
    assert errors == {}
    assert [plugin.name for plugin in plugins if plugin.name == "weir"] == ["weir"]
    added = {name for name in set(sys.modules) - before if "weir" in name or "stream_ops" in name}
    assert added <= {"weir_plugin"}
