"""The DAGs that count the market's statistics anew and write its archive."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from jinja2 import Environment

from stream_ops.batch import SparkBatchOperator
from weir.market import archive_run
from weir.market.archive import Done
from weir.settings import REPO, Settings


@pytest.fixture(scope="module")
def task() -> SparkBatchOperator:
    folder = REPO / "dags"
    bag = DagBag(str(folder / "market_statistics_backfill.py"), bundle_path=folder)
    return bag.dags["market_statistics_backfill"].get_task("count_anew")


def words(task: SparkBatchOperator, **context: object) -> list[str]:
    """The arguments as Airflow renders them."""
    given = {"params": {"from": None, "to": None, "may_lower": False}}
    given |= {"data_interval_start": None, "data_interval_end": None}
    given |= {"dag_run": SimpleNamespace(triggering_user_name=None)}
    return [Environment().from_string(w).render(**given | context) for w in task.application_args]


def test_a_backfill_counts_its_data_interval(task):
    """`airflow backfill create` gives each run a day."""
    day = datetime(2026, 11, 21, tzinfo=UTC)
    found = words(task, data_interval_start=day, data_interval_end=day.replace(day=22))
    assert found[:4] == ["--from", "2026-11-21T00:00:00+00:00", "--to", "2026-11-22T00:00:00+00:00"]
    assert found[4:] == ["--who", "airflow", "--may-lower", "False"]


def test_the_form_comes_before_the_data_interval(task):
    """A person who gives a time means it."""
    asked = {"from": "2026-11-20T10:00:00Z", "to": "2026-11-20T11:00:00Z", "may_lower": True}
    day = datetime(2026, 11, 21, tzinfo=UTC)
    found = words(task, params=asked, data_interval_start=day, data_interval_end=day)
    assert (found[1], found[3], found[7]) == (asked["from"], asked["to"], "True")


def test_a_run_without_an_interval_gives_no_time_and_is_refused_by_the_program(task):
    """It must not quietly mean now."""
    found = words(task)
    assert (found[1], found[3]) == ("", "")


def test_a_batch_is_the_providers_own_and_runs_beside_its_task(task, monkeypatch, tmp_path):
    """It ends, so it may hold a slot; where Spark is, it learns when it runs."""
    assert isinstance(task, SparkSubmitOperator)
    assert (task._conn_id, task._deploy_mode) == ("spark_default", "client")
    assert task.application == str(REPO / "spark_jobs" / "market_statistics" / "backfill.py")
    assert task.conf is None
    monkeypatch.setenv("PATH", "/usr/bin")
    task.prepare(Settings(_env_file=None, home=tmp_path))
    assert task.conf["spark.driver.extraClassPath"].endswith("/jars/spark/*")
    assert task.env_vars["PATH"].endswith("/bin:/usr/bin")
    assert set(task.env_vars) <= {"PATH", "SPARK_HOME", "SPARK_SCALA_VERSION", "SPARK_LOCAL_IP"}


def test_an_archive_run_takes_what_lies_before_the_end_of_its_hour(monkeypatch, tmp_path):
    """And says so, gaps in capital letters."""
    asked = []

    def archive(settings, *, until_ms):
        asked.append(until_ms)
        return Done(rows=7, files=2, doubles=1, gaps=len(asked) - 1)

    monkeypatch.setattr(archive_run, "archive", archive)
    settings = Settings(_env_file=None, home=tmp_path)
    said = archive_run.run_until(settings, datetime(2026, 11, 22, 13, tzinfo=UTC))
    assert said == "7 rows archived in 2 files, 1 doubles left out"
    assert archive_run.run_until(settings, None).endswith("; 1 NEW GAPS")
    assert asked == [1_795_352_400_000, None]
