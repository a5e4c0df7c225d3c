"""The questions in include/sql/wikimedia answer what their first line asks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.counting import count
from weir.settings import REPO

pytestmark = pytest.mark.platform

FOLDER = REPO / "include" / "sql" / "wikimedia"
QUESTIONS = sorted(FOLDER.glob("*.sql"))


def ask(connection, name):
    return connection.execute((FOLDER / f"{name}.sql").read_text()).fetchall()


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_every_question_runs_and_says_what_it_asks(path, connection, counted):
    """A question that no longer fits the tables is worse than none."""
    text = path.read_text()
    assert text.startswith("-- ")
    assert "?" in text.splitlines()[0]
    connection.execute(text)


def test_there_are_questions():
    """An empty folder would pass the test above."""
    assert len(QUESTIONS) >= 5


def test_the_busiest_domains_come_with_the_share_of_bots(connection, counted):
    """de has 14 edits of which 13 by bots, fr 3 by people."""
    assert [
        (domain, edits, people, float(share))
        for domain, edits, people, share in ask(connection, "busiest_domains_of_a_day")
    ] == [("de.wikipedia.org", 14, 1, 92.9), ("fr.wikipedia.org", 3, 3, 0.0)]


def test_a_domain_that_doubled_is_rising_and_a_steady_one_is_not(connection, last_minute):
    """12 after 5 against 12 after 11."""
    before = last_minute - timedelta(minutes=13)
    rows = [
        (before, "up.org", 5, 5, 0),
        (last_minute, "up.org", 12, 12, 0),
        (before, "steady.org", 11, 11, 0),
        (last_minute, "steady.org", 12, 12, 0),
    ]
    count(connection, rows, {"t": {0: 1}})
    assert ask(connection, "rising_domains") == [("up.org", 12, 5)]


def test_a_total_that_is_not_the_sum_of_its_windows_is_found(connection, counted):
    """The check that a person runs when a number looks odd."""
    assert ask(connection, "totals_equal_windows") == []
    connection.execute(
        "update wikimedia.domain_total set edits = edits + 1 where domain = 'fr.wikipedia.org'"
    )
    assert ask(connection, "totals_equal_windows") == [("fr.wikipedia.org", 3, 3, 4, 3, 0, 0)]
