"""The operator: what a task does when it starts, is woken by its trigger, and is ended."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk.exceptions import TaskDeferred

from stream_ops import operator as module
from stream_ops.operator import SparkStreamOperator, StreamLost
from stream_ops.trigger import StreamTrigger
from weir.errors import Unavailable
from weir.ops.adopt import Outcome

CONTEXT = {"dag_run": SimpleNamespace(dag_id="counts_stream")}
PROVIDERS = ("submit_job", "get_job_status", "poll_until_complete", "execute_resumable")


class World:
    """Stands in for the cluster: answers, and remembers what it was asked."""

    def __init__(self):
        self.answer = (Outcome.ADOPTED, 7)
        self.asked = []

    def bring_up(self, settings, stream, *, changed_by):
        self.asked.append(("bring_up", stream, changed_by))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def ask_to_drain(self, settings, stream, epoch):
        self.asked.append(("drain", stream, epoch))


@pytest.fixture
def world(monkeypatch):
    world = World()
    monkeypatch.setattr(module, "bring_up", world.bring_up)
    monkeypatch.setattr(module, "ask_to_drain", world.ask_to_drain)
    monkeypatch.setattr(module, "epoch_meant", lambda settings, stream, followed: 7)
    monkeypatch.setattr(module, "newest_token", lambda settings, stream: "t")
    monkeypatch.setattr(module, "next_epoch", lambda settings, stream, at_least: 8)
    for name in (*PROVIDERS, "execute", "on_kill"):
        monkeypatch.setattr(SparkSubmitOperator, name, unreachable(name))
    for name in ("submit", "on_kill", "_start_driver_status_tracking"):
        monkeypatch.setattr(SparkSubmitHook, name, unreachable(name))
    return world


def unreachable(name):
    def reached(*_, **__):
        raise AssertionError(f"the provider's {name} was reached")

    return reached


def operator():
    return SparkStreamOperator(task_id="follow", stream="counts")


@pytest.mark.parametrize(
    ("answer", "watch"),
    [
        ((Outcome.ADOPTED, 7), {"epoch": 7, "means": 7, "parked": False}),
        ((Outcome.SUBMITTED, None), {"epoch": None, "means": 8, "parked": False}),
        ((Outcome.PARKED, None), {"epoch": None, "parked": True}),
    ],
)
def test_a_task_brings_the_stream_up_or_parks_and_gives_its_slot_back(world, answer, watch):
    """Neither a running nor a parked stream holds a worker slot; the provider's code never runs."""
    world.answer = answer
    with pytest.raises(TaskDeferred) as deferred:
        operator().execute(CONTEXT)
    assert isinstance(deferred.value.trigger, StreamTrigger)
    _, arguments = deferred.value.trigger.serialize()
    assert {name: arguments[name] for name in watch} == watch
    assert arguments["stream"] == "counts"
    assert deferred.value.method_name == "resume"
    assert deferred.value.timeout is None
    assert world.asked == [("bring_up", "counts", "airflow counts_stream")]


def test_a_stream_that_gave_its_lease_back_is_brought_up_again_without_a_retry(world):
    """A restart that somebody asked for is no failure."""
    with pytest.raises(TaskDeferred):
        operator().resume(CONTEXT, {"event": "ended", "lost": False, "why": "drained"})
    assert world.asked == [("bring_up", "counts", "airflow counts_stream")]


def test_a_stream_whose_driver_died_for_good_makes_a_red_try_that_says_why(world):
    """The retry submits a new one, with a growing pause."""
    with pytest.raises(StreamLost, match="epoch 7 is silent"):
        operator().resume(CONTEXT, {"event": "ended", "lost": True, "why": "epoch 7 is silent"})
    assert world.asked == []


def test_a_cluster_that_takes_no_driver_fails_the_try(world):
    """Waiting in a worker would hold the slot."""
    world.answer = Unavailable("the Spark master does not answer")
    with pytest.raises(Unavailable):
        operator().execute(CONTEXT)


def test_a_task_that_is_ended_while_it_submits_asks_that_driver_to_stop(world):
    """Nothing else would know of this driver."""
    task = operator()
    with pytest.raises(TaskDeferred):
        task.execute(CONTEXT)
    task.on_kill()
    assert world.asked[-1] == ("drain", "counts", 7)


def test_a_task_that_has_not_begun_ends_nothing(world):
    """There may be a driver of somebody else."""
    operator().on_kill()
    assert world.asked == []


def test_the_operator_is_the_providers_by_type_and_connection():
    """Lists of Spark tasks, and the connection's page, know it."""
    task = operator()
    assert isinstance(task, SparkSubmitOperator)
    assert task._conn_id == "spark_default"
    assert task.pool == "streams"
    assert task.retries == 6


def test_the_links_of_a_task_name_the_stream_and_no_driver():
    """A link is stored for months; drivers come and go."""
    task = operator()
    links = {link.name: link.get_link(task, ti_key=None) for link in task.operator_extra_links}
    assert links == {
        "Spark UI": "/weir/go/counts/spark-ui",
        "Driver log": "/weir/go/counts/log",
        "Streams page": "/weir/go/counts/page",
    }
