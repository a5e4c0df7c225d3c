"""`weir promo` as a person and a script see it; in this process, so that it costs little."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.in_process import weir_here
from tests.support.promo_rows import Past
from weir.errors import SettingError
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

HOUR = 1_800_000_000 // 3600 * 3600
Weir = Callable[..., str]


@pytest.fixture
def weir(platform: Settings) -> Weir:
    """Run `weir promo ...`; its output. A WeirError comes out as it is."""

    def run(*words: str, stdin: str | None = None) -> str:
        return weir_here(platform, "promo", *words, stdin=stdin)

    return run


@pytest.fixture
def past(platform: Settings) -> Iterator[Past]:
    with connect(platform.dsn_file, application_name="test") as connection:
        yield Past(connection)


def test_a_campaign_is_listed_shown_and_cancelled(weir: Weir, past: Past):
    """The order shows at once, the state when the stream has followed it."""
    past.received(notified=2)
    (row,) = json.loads(weir("list", "--restaurant", past.restaurant, "--json"))
    assert (row["adv_campaign_id"], row["state"], row["notified"]) == (past.campaign, "active", 2)
    would = weir("cancel", past.campaign, "--dry-run")
    assert would == f"{past.campaign} would be cancelled; 2 were notified already\n"
    assert json.loads(weir("show", past.campaign, "--json"))["cancelled_at"] is None
    assert weir("cancel", past.campaign).startswith(f"{past.campaign} is cancelled")
    assert "active (cancelling)" in weir("list", "--restaurant", past.restaurant)
    assert "Кафе «Север»" in weir("show", past.campaign)


def test_an_unknown_state_or_campaign_is_an_error_in_words(weir: Weir):
    """Not an empty list, which would mean something else."""
    with pytest.raises(SettingError, match="no state 'running'"):
        weir("list", "--state", "running")
    with pytest.raises(SettingError, match="no campaign 123 was received"):
        weir("report", "123")


def test_subscribers_are_imported_from_a_file_or_a_pipe_and_make_the_audience(
    weir: Weir, past: Past, tmp_path: Path
):
    """From the file to the number of people that a wake-up would notify."""
    past.received(notified=1)
    file = tmp_path / "subscribers.csv"
    file.write_text(f"client_id,restaurant_id\na,{past.restaurant}\nb,{past.restaurant}\n")
    assert weir("subscribers", "import", str(file), "--dry-run") == "2 rows, 2 would be new\n"
    assert weir("subscribers", "import", str(file)) == "2 rows, 2 are new\n"
    piped = weir("subscribers", "import", "-", "--json", stdin=file.read_text())
    assert json.loads(piped) == {"rows": 2, "added": 0, "dry_run": False}
    rows = json.loads(weir("subscribers", "list", "--restaurant", past.restaurant, "--json"))
    assert [row["client_id"] for row in rows] == ["a", "b"]
    audience = json.loads(weir("audience", past.campaign, "--json"))
    assert (audience["clients"], audience["to_be_notified"]) == (2, 1)
    assert "who subscribes after its start is not notified" in weir(
        "latecomers", past.campaign, "--refuse"
    )
    assert json.loads(weir("audience", past.campaign, "--json"))["to_be_notified"] == 0


@pytest.mark.parametrize("content", [b"client_id,restaurant_id\n\xff,r\n", None])
def test_a_file_that_cannot_be_read_is_an_error_in_words(
    weir: Weir, tmp_path: Path, content: bytes | None
):
    """A trace of Python helps nobody."""
    file = tmp_path / "subscribers.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingError, match=r"cannot be read|not UTF-8"):
        weir("subscribers", "import", str(file))


def test_subscribers_of_another_database_are_not_imported(
    weir: Weir, platform: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """That one is only read."""
    monkeypatch.setenv("WEIR_SUBSCRIBERS_DSN_FILE", str(platform.dsn_file))
    with pytest.raises(SettingError, match="in another database"):
        weir("subscribers", "import", str(tmp_path / "any.csv"))


def test_an_answer_is_set_and_found_in_the_report(weir: Weir, past: Past):
    """The whole way of an answer, without a stream."""
    past.received(notified=2)
    past.sealed(["a", "b"], at=HOUR)
    answer = ("feedback", "set", past.campaign, "a", "\x1b[2Jyes")
    assert weir(*answer, "--dry-run") == "the answer would be written\n"
    assert weir(*answer) == "the answer is written\n"
    assert weir(*answer) == "the answer was there already\n"
    with pytest.raises(SettingError, match="nobody was not notified"):
        weir("feedback", "set", past.campaign, "nobody", "yes")
    text = weir("report", past.campaign)
    assert "2 notified, 1 answered (50.0%)" in text
    assert "\\x1b[2Jyes" in text  # cannot steer the terminal
    report: dict[str, Any] = json.loads(weir("report", past.campaign, "--json"))
    assert (report["sent"], report["answered"], report["stores"]) == (2, 1, None)
