"""Airflow for tests: no server, no metadata of anybody else, and Weir's own folders.

Airflow reads its configuration when it is first imported, so it is set here, before any test
of this folder imports it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from weir.settings import REPO

HOME = Path(tempfile.mkdtemp(prefix="weir-airflow-"))

GIVEN = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
}

for name in [name for name in os.environ if name.startswith("AIRFLOW__")]:
    del os.environ[name]
os.environ |= GIVEN


@pytest.fixture(scope="session", autouse=True)
def _remove_home():
    yield
    shutil.rmtree(HOME, ignore_errors=True)
