"""The form that people start, drain and stop streams with."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from stream_ops import control
from weir.ops.streams import load_streams
from weir.settings import REPO

FORM = {"stream": "wikimedia_domain_counts", "verb": "drain", "dry_run": False}


@pytest.fixture(scope="module")
def form():
    folder = REPO / "dags"
    return DagBag(str(folder / "stream_control.py"), bundle_path=folder).dags["stream_control"]


def test_the_form_offers_the_declared_streams_and_the_verbs(form):
    """A new stream in streams.yaml needs no edit here."""
    assert form.params.get_param("stream").schema["enum"] == sorted(load_streams())
    assert form.params.get_param("verb").schema["enum"] == ["start", "drain", "stop"]


@pytest.mark.parametrize(
    "wrong", [{"stream": "no_such"}, {"verb": "explode"}, {"dry_run": "perhaps"}]
)
def test_a_wrong_value_is_refused_before_there_is_a_run(form, wrong):
    """A typing error must not become a red task at night."""
    stored = DagSerialization.from_dict(DagSerialization.to_dict(form)).params
    with pytest.raises(ParamValidationError):
        stored.deep_merge(FORM | wrong).validate()
    stored.deep_merge(FORM).validate()


@pytest.fixture
def orders(monkeypatch):
    given = []

    def order(settings, stream, verb, *, changed_by, via):
        given.append((stream, verb, changed_by, via))
        return SimpleNamespace(outcome="drained")

    monkeypatch.setattr(control.verbs, "order", order)
    return given


def test_the_task_does_the_verb_in_the_name_of_the_person(orders):
    """The audit trail shall name who clicked."""
    said = control.do_verb(FORM, who="admin")
    assert said == "drain wikimedia_domain_counts: drained"
    assert orders == [("wikimedia_domain_counts", "drain", "admin", "stream_control")]


def test_a_dry_run_changes_nothing(orders):
    """People try a form before they trust it."""
    said = control.do_verb(FORM | {"dry_run": True}, who="admin")
    assert said == "would drain wikimedia_domain_counts"
    assert orders == []
