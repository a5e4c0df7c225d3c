"""The commands of Airflow's services in docker-compose.yaml, run here with their environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from weir.platform.airflow import keep_keys
from weir.platform.airflow_config import home
from weir.platform.airflow_jobs import connect_metadata
from weir.platform.layout import Layout
from weir.settings import REPO, Settings

pytestmark = pytest.mark.platform
SERVICES = yaml.safe_load((REPO / "docker-compose.yaml").read_text())["services"]


def run(service: str, folder: Path, settings: Settings) -> subprocess.CompletedProcess[str]:
    """Run the command of a service; its folder and its database are those of this test."""
    given = {k: re.sub(r"\$\{\w+:-(.*)\}", r"\1", v) for k, v in environment(service).items()}
    there = {"WEIR_HOME": str(folder), "WEIR_POSTGRES_DSN_FILE": str(settings.dsn_file)}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "AIRFLOW"))}
    interpreter, *words = SERVICES[service]["command"]
    assert interpreter == "/opt/weir/.venv/bin/python"
    return subprocess.run(
        [sys.executable, *words], env=kept | given | there, cwd=REPO, capture_output=True, text=True
    )


def environment(service: str) -> dict[str, str]:
    return dict(SERVICES[service]["environment"])


def test_the_metadata_service_makes_airflows_database_for_the_other_containers(platform, tmp_path):
    """What it leaves behind leads to services by their names, not to this machine."""
    (tmp_path / "secrets").mkdir()
    keep_keys(tmp_path / "secrets")
    done = run("metadata", tmp_path, platform)
    assert (done.returncode, done.stderr[-500:] if done.returncode else "") == (0, "")
    with connect_metadata(platform.dsn_file, application_name="test") as connection:
        rows = connection.execute("select conn_id, host from connection").fetchall()
    assert dict(rows)["spark_default"] == "spark://spark-master"
    there = (home(Layout(Settings(_env_file=None, home=tmp_path))) / "airflow.cfg").read_text()
    assert "execution_api_server_url = http://airflow-api:8080/execution/" in there
