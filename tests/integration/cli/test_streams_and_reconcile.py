"""`weir streams` and `weir reconcile` as a person or a script calls them; no driver is started."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.platform import weir
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
NAME = "wikimedia_domain_counts"


def answer(platform: Settings, *words: str) -> Any:
    return json.loads(weir(platform, *words, "--json").stdout)


def recorded(platform: Settings) -> tuple[Any, ...]:
    """What a changing verb would leave behind."""
    with connect(platform.dsn_file, application_name="test") as connection:
        rows = [
            connection.execute(f"select * from ops.{table} order by 1").fetchall()  # type: ignore[arg-type]
            for table in ("stream", "operation", "audit")
        ]
    return tuple(rows)


def test_a_stream_is_listed_with_what_it_means_and_what_to_do(platform: Settings) -> None:
    """A word alone helps nobody at night."""
    states = {state["stream"]: state for state in answer(platform, "streams", "list")}
    state = states[NAME]
    assert state["means"]
    assert state["todo"]
    shown = answer(platform, "streams", "show", NAME)
    assert shown["state"]["observed"] == state["observed"]
    assert shown.keys() >= {"state", "declaration", "operations", "audit"}


@pytest.mark.parametrize("verb", ["start", "drain", "stop"])
def test_a_dry_run_of_a_verb_says_what_it_would_do_and_records_nothing(
    platform: Settings, verb: str
) -> None:
    """People look before they leap."""
    before = recorded(platform)
    said = answer(platform, "streams", verb, NAME, "--dry-run")
    assert (said["stream"], said["verb"], said["dry_run"]) == (NAME, verb, True)
    assert recorded(platform) == before


def test_a_new_input_is_begun_only_by_a_stream_that_is_parked_and_has_read(
    platform: Settings,
) -> None:
    """A driver looks which topic it has only when it starts."""
    said = answer(platform, "streams", "start", NAME, "--new-input", "--dry-run")
    assert "begun at its first kept message" in said["outcome"]
    before = recorded(platform)
    refused = weir(platform, "streams", "start", NAME, "--new-input", check=False)
    assert refused.returncode == 2
    assert "is at work" in refused.stderr or "has read nothing yet" in refused.stderr
    assert recorded(platform) == before


def test_an_unknown_stream_is_refused_with_the_names_there_are(platform: Settings) -> None:
    """The way out of a typo."""
    refused = weir(platform, "streams", "start", "wikipedia", check=False)
    assert refused.returncode == 2
    assert NAME in refused.stderr


def test_a_drain_and_a_pass_of_reconcile_agree_that_nothing_is_left_to_do(
    platform: Settings,
) -> None:
    """The outcome of a verb is its operation, for scripts too."""
    drained = answer(platform, "streams", "drain", NAME)
    assert (drained["verb"], drained["state"], drained["outcome"]) == ("drain", "done", "drained")
    assert answer(platform, "reconcile", "--once") == []
    newest = answer(platform, "streams", "show", NAME)["audit"][0]
    assert (newest["action"], newest["via"]) == ("stream.drain", "cli")
    with connect(platform.dsn_file, application_name="test") as connection:
        connection.execute("update ops.stream set desired = 'run', reason = null")
