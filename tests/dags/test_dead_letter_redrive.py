"""The form that sends dead letters again."""

from __future__ import annotations

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from stream_ops import redriving
from weir.ops.redrive import Sent
from weir.ops.redrive_wish import Wish
from weir.settings import REPO

EMPTY = {
    "topic": None,
    "reasons": [],
    "refused_by": None,
    "limit": 0,
    "per_second": 500,
    "dry_run": False,
}


@pytest.fixture(scope="module")
def form():
    folder = REPO / "dags"
    bag = DagBag(str(folder / "dead_letter_redrive.py"), bundle_path=folder)
    return DagSerialization.from_dict(DagSerialization.to_dict(bag.dags["dead_letter_redrive"]))


def test_the_form_as_it_stands_means_every_letter_that_was_not_sent(form):
    """A run without a form, by the command line, must work."""
    form.params.deep_merge({}).validate()
    assert redriving.wish_of({name: form.params[name] for name in EMPTY}) == Wish()


@pytest.mark.parametrize(
    "wrong", [{"limit": -1}, {"per_second": 0}, {"reasons": "one text"}, {"dry_run": "perhaps"}]
)
def test_a_wrong_value_is_refused_before_there_is_a_run(form, wrong):
    """A typing error must not become a red task at night."""
    with pytest.raises(ParamValidationError):
        form.params.deep_merge(EMPTY | wrong).validate()


def test_blanks_around_a_name_do_not_make_the_form_mean_nothing():
    """People paste from tables."""
    asked = EMPTY | {"topic": " promo-campaigns ", "reasons": [" nul", "", "wrong_uuid "]}
    assert redriving.wish_of(asked) == Wish(topic="promo-campaigns", reasons=("nul", "wrong_uuid"))


def test_the_task_sends_in_the_name_of_the_person(monkeypatch):
    """The audit trail shall name who clicked."""
    asked = []

    def redrive(settings, wish, **more):
        asked.append((wish, more))
        return Sent(letters=7, recovered=2, too_large=1, without_topic=0)

    monkeypatch.setattr(redriving, "redrive", redrive)
    said = redriving.send(EMPTY | {"topic": "t", "limit": 9}, who="admin")
    assert said.startswith("7 letters were sent again, 2 of them")
    assert asked == [
        (
            Wish(topic="t"),
            {
                "asked_by": "admin",
                "via": "dead_letter_redrive",
                "per_second": 500.0,
                "limit": 9,
            },
        )
    ]
