"""`weir wikimedia`: what a person reads."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from tests.support.wikimedia_answer import STATS
from weir.cli import wikimedia


@pytest.fixture
def printed(monkeypatch):
    """What a command prints into a pipe, over an answer written by hand."""

    def run(*words, domain="de.wikipedia.org"):
        domains = [STATS.domains[0].model_copy(update={"domain": domain})]
        answer = STATS.model_copy(update={"domains": domains})
        monkeypatch.setattr(wikimedia, "fetch_stats", lambda *_, **__: answer)
        result = CliRunner().invoke(wikimedia.app, words, catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    return run


def test_what_the_counts_stand_for_is_one_line_however_narrow_the_table(printed):
    """Folded to the width of the table it cannot be read, nor searched for."""
    assert printed("stats").splitlines()[0] == (
        "sample data, as of 2026-01-01 12:34:56 UTC, 1,200 messages (3.2 s) behind"
    )


def test_square_brackets_in_a_domain_are_shown_as_they_are(printed):
    """A backslash that is not in the name leads astray."""
    assert "\n[/x].org " in printed("stats", domain="[/x].org")


def test_the_last_screen_of_the_dashboard_ends_its_line_in_a_file(printed):
    """Otherwise the shell's prompt, or the next text, stands behind it."""
    assert printed("dashboard", "--for", "0.001s").endswith("Ctrl-C ends.\n")
