"""The one-off actions of a start."""

from __future__ import annotations

from weir.errors import Unavailable
from weir.platform import first_results
from weir.platform.steps import steps_for
from weir.settings import Settings

PARTS = {"postgres", "kafka", "airflow-api"}


def steps(**wanted):
    return steps_for(Settings(_env_file=None), PARTS, with_streams=True, **wanted)


def test_only_who_waits_for_counts_is_told_of_them():
    """`weir up` without --wait comes back as soon as all is healthy."""
    assert list(steps()) == ["schema", "topics", "streams", "metadata"]
    assert list(steps(with_counts=True)) == ["schema", "topics", "streams", "counts", "metadata"]


def test_counts_that_do_not_come_stop_nobody_else(monkeypatch):
    """On a slow machine Airflow was left unstarted, because the first batch took its time."""

    def never(settings):
        raise Unavailable("no counts")

    monkeypatch.setattr(first_results, "wait_for_counts", never)
    assert steps(with_counts=True)["counts"]() == "none yet"


def test_the_first_counts_are_said_in_a_word(monkeypatch):
    """It is the line of the start that people wait for."""
    answer = {"totals": {"edits": 12, "domains": 3}}
    monkeypatch.setattr(first_results, "wait_for_counts", lambda settings: answer)
    assert steps(with_counts=True)["counts"]() == "12 edits, 3 domains"
