"""What a person sees, and what happens when the API goes away."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from tests.support.wikimedia_answer import NOW, STATS
from weir.errors import SettingError, Unavailable
from weir.sources.wikimedia.dashboard import View, render, watch_stats


def screen(view, width=120):
    console = Console(width=width, record=True, file=StringIO())
    console.print(render(view, 10.0))
    return console.export_text()


def with_domain(**changes):
    domain = STATS.domains[0].model_copy(update=changes)
    return View(stats=STATS.model_copy(update={"domains": [domain]}))


def test_the_screen_shows_totals_rate_and_trend_of_a_domain():
    """That is what it is for."""
    row = next(line for line in screen(View(stats=STATS)).splitlines() if "de.wiki" in line)
    assert row.split() == ["de.wikipedia.org", "1,234", "7", "4,321", "55", "+50%", "▲"]


def test_the_screen_says_sample_data_how_far_behind_and_as_of_when():
    """A number without these cannot be judged."""
    text = screen(View(stats=STATS))
    assert "SAMPLE DATA\nsample data from a local generator, not real edits\n" in text
    assert "as of 2026-01-01 12:34:56 UTC   1,200 messages (3.2 s) behind   from redis" in text


def test_no_line_is_broken_in_a_window_of_eighty_columns():
    """That is how wide a terminal is that nobody pulled at."""
    narrow, wide = (screen(View(stats=STATS), width).splitlines() for width in (80, 200))
    assert [line.rstrip() for line in narrow] == [line.rstrip() for line in wide]


def test_an_unknown_rate_is_a_dash_and_not_a_zero():
    """Before the first complete minute nothing is known."""
    text = screen(with_domain(edits_last_minute=None, trend=None))
    row = next(line for line in text.splitlines() if "de.wiki" in line)
    assert row.split()[-2:] == ["-", "-"]


@pytest.mark.parametrize("name", ["[bold]x[/bold]", "[/]", "a\x1b[2Jb", "c\nd"])
def test_a_domain_from_outside_cannot_steer_the_terminal(name):
    """Anybody can write a domain into an event."""
    text = screen(with_domain(domain=name))
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
    assert shown in text
    assert "\x1b" not in text


class Script:
    """Plays answers one after another, and notes every wait."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.waits = []
        self.views = []

    def fetch(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self, seconds):
        self.waits.append(seconds)
        return bool(self.answers)

    def play(self):
        watch_stats(self.fetch, self.views.append, self.wait, every_seconds=10.0, clock=lambda: NOW)
        return self


def test_each_refresh_asks_anew():
    """Asking once and showing it every ten seconds would look the same."""
    newer = STATS.model_copy(update={"as_of": None})
    script = Script(STATS, newer).play()
    assert script.views == [View(stats=STATS), View(stats=newer)]
    assert script.waits == [0.0, 10.0, 10.0]


def test_while_the_api_restarts_the_last_answer_stays_and_it_asks_more_often():
    """A deploy of the API must not end what a person watches."""
    away = Unavailable("the API does not answer")
    script = Script(STATS, away, away, STATS).play()
    gone = View(stats=STATS, away_since_utc=NOW, trouble="the API does not answer")
    assert script.views == [View(stats=STATS), gone, gone, View(stats=STATS)]
    assert script.waits == [0.0, 10.0, 2.0, 2.0, 10.0]
    assert "No answer since 12:34:56 UTC: the API does not answer" in screen(gone)


def test_an_api_that_is_away_from_the_start_is_waited_for():
    """The dashboard may be opened before the platform is up."""
    script = Script(Unavailable("away"), STATS).play()
    assert [view.stats for view in script.views] == [None, STATS]
    assert "away" in screen(script.views[0])


def test_a_question_that_cannot_be_asked_ends_it():
    """Waiting does not make a wrong --window right."""
    with pytest.raises(SettingError):
        Script(SettingError("window is 'x'")).play()
