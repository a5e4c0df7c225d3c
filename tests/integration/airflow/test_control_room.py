"""Airflow as `weir up` leaves it: connections work, logins hold, its parts tell the truth."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.airflow_rest import AirflowRest
from tests.support.platform import weir
from weir.platform.airflow_database import migrate_metadata
from weir.platform.airflow_jobs import connect_metadata, is_alive
from weir.platform.layout import Layout
from weir.settings import Settings

pytestmark = pytest.mark.platform
CONNECTIONS = {"spark_default", "kafka_default", "postgres_default"}
TESTED = ("connection_id", "conn_type", "host", "login", "schema", "port", "extra")


@pytest.fixture
def settings(control_room) -> Settings:
    return control_room.settings


@pytest.fixture
def admin(settings) -> AirflowRest:
    return AirflowRest(settings)


def stored(admin: AirflowRest) -> dict[str, dict[str, Any]]:
    rows = admin.do("GET", "/connections")["connections"]
    return {row["connection_id"]: {name: row[name] for name in TESTED} for row in rows}


def test_each_connection_passes_the_test_of_the_pages(admin):
    """A DAG that uses one must not be the first to find out."""
    found = stored(admin)
    assert found.keys() >= CONNECTIONS
    answers = {name: admin.do("POST", "/connections/test", found[name]) for name in CONNECTIONS}
    assert {name: answer["status"] for name, answer in answers.items()} == dict.fromkeys(
        CONNECTIONS, True
    ), answers


def test_a_spark_connection_to_nowhere_fails_its_test(admin):
    """A test that cannot fail tells nothing."""
    wrong = stored(admin)["spark_default"] | {"connection_id": "elsewhere", "port": 9}
    answer = admin.do("POST", "/connections/test", wrong)
    assert answer["status"] is False
    assert "spark://127.0.0.1:9 does not answer" in answer["message"]


def test_no_connection_shows_a_password(admin, settings):
    """Whoever sees the pages must not see the way into the database."""
    password = (Layout(settings).secrets / "postgres.password").read_text()
    for name, fields in stored(admin).items():
        assert password not in str(fields), name


def test_a_second_preparation_changes_nothing(admin, settings):
    """`weir up` runs it at every start, also beside a running Airflow."""
    before = stored(admin)
    assert migrate_metadata(Layout(settings)) == "3 connections, 1 pools"
    assert stored(admin) == before


def test_a_viewer_can_look_and_change_nothing(settings):
    """The second login is for a screen on the wall."""
    viewer = AirflowRest(settings, "viewer")
    assert viewer.ask("GET", "/dags").status_code == 200
    changes = [
        ("PATCH", "/dags/stream_control", {"is_paused": True}),
        ("POST", "/dags/stream_control/dagRuns", {"logical_date": None}),
        ("DELETE", "/connections/spark_default", None),
        ("GET", "/connections", None),
    ]
    seen = {f"{how} {path}": viewer.ask(how, path, body).status_code for how, path, body in changes}
    assert set(seen.values()) == {403}, seen


def test_a_part_is_alive_by_its_own_heartbeat_and_not_by_its_predecessors(settings):
    """A killed process leaves a row that says `running`."""
    with connect_metadata(settings.dsn_file, application_name="test") as connection:
        row = connection.execute(
            "select extract(epoch from max(start_date)) from job where job_type = 'TriggererJob'"
        ).fetchone()
    began = float(row[0])
    assert is_alive(settings.dsn_file, "TriggererJob", began - 1)
    assert not is_alive(settings.dsn_file, "TriggererJob", began + 1)
    assert not is_alive(settings.dsn_file, "NoSuchJob", 0.0)


def test_the_platform_calls_every_part_healthy_and_names_the_address(settings):
    """`weir status` is where a person looks first."""
    done = weir(settings, "status", check=False)
    lines = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("airflow-")]
    assert dict(lines) == {
        "airflow-api": "healthy",
        "airflow-scheduler": "healthy",
        "airflow-dags": "healthy",
        "airflow-triggerer": "healthy",
    }
    assert AirflowRest(settings).address in done.stdout
