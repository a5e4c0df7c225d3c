"""Airflow inside a test process: no server, no metadata of anybody else, and Weir's own folders.

Airflow reads its configuration when it is first imported, so a conftest calls this before any
test beside it imports Airflow.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from weir.settings import REPO


@cache
def use_airflow_of_tests() -> Path:
    """Point Airflow at a folder of this process; the folder, which goes with the process."""
    home = Path(tempfile.mkdtemp(prefix="weir-airflow-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("AIRFLOW__")]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    return home
