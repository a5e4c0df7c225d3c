"""Every DAG of this repository loads, is known by name, and reads the same twice."""

from __future__ import annotations

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import DagSerialization

from stream_ops.operator import SparkStreamOperator
from weir.ops.streams import load_streams
from weir.settings import REPO

DAGS = REPO / "dags"
SHIPPED = {
    "wikimedia_domain_counts_stream",
    "stream_control",
    "platform_migrate",
    "platform_housekeeping",
    "wikimedia_refill_hourly",
    "dead_letter_redrive",
    "promo_join_stream",
    "promo_campaign_send",
}


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(str(DAGS), bundle_path=DAGS)


@pytest.fixture(scope="module")
def read_again() -> DagBag:
    return DagBag(str(DAGS), bundle_path=DAGS)


def test_the_folder_holds_exactly_the_shipped_dags(bag):
    """An empty folder has no import errors either."""
    assert bag.import_errors == {}
    assert set(bag.dag_ids) == SHIPPED == {path.stem for path in DAGS.glob("*.py")}


def test_loading_gives_no_warning(bag):
    """A warning of today is the import error of the next Airflow."""
    assert bag.captured_warnings == {}


@pytest.mark.parametrize("dag_id", sorted(SHIPPED))
def test_a_dag_is_the_same_when_read_again(bag, read_again, dag_id):
    """A clock or a random order at import makes a new DAG version every ten seconds."""
    first = DagSerialization.to_dict(bag.dags[dag_id])
    again = DagSerialization.to_dict(read_again.dags[dag_id])
    assert SerializedDagModel.hash(first) == SerializedDagModel.hash(again)
    assert DagSerialization.from_dict(first).dag_id == dag_id


def test_a_stream_has_one_dag_that_is_named_after_it(bag):
    """Whoever knows the stream finds its DAG."""
    followed = {
        task.stream: dag.dag_id
        for dag in bag.dags.values()
        for task in dag.tasks
        if isinstance(task, SparkStreamOperator)
    }
    assert followed == {stream: f"{stream}_stream" for stream in load_streams()}


@pytest.mark.parametrize("dag_id", sorted(SHIPPED))
def test_a_dag_says_what_to_do_when_it_is_red(bag, dag_id):
    """Whoever is woken at night reads this first."""
    dag = bag.dags[dag_id]
    assert "When red" in (dag.doc_md or "")
    assert dag.tags
    assert not dag.catchup
    assert all(task.retries >= 1 for task in dag.tasks)
    assert dag.fileloc == str(DAGS / f"{dag_id}.py")
