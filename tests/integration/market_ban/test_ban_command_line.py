"""`weir market ban|unban|banned` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.bans import BanDesk
from tests.support.in_process import weir_here
from weir.errors import SettingError
from weir.settings import REPO

pytestmark = pytest.mark.platform


def market(desk: BanDesk, *words: str) -> str:
    return weir_here(desk.settings, "market", *words)


def test_a_ban_and_its_lift_say_what_they_did(desk: BanDesk):
    """The version tells a person, and a script, which list has it."""
    said = market(desk, "ban", "--product-id", "p1", "--sku-prefix", "AB-", "--reason", "recalled")
    assert said.startswith("2 banned, 0 of them with other words than before, 0 unchanged")
    assert desk.live() == {"product:p1", "sku_prefix:AB-"}
    done = json.loads(
        market(desk, "unban", "--product-id", "p1", "--sku", "x", "--reason", "sorry", "--json")
    )
    assert (done["changed"], done["unchanged"], done["version"]) == (1, 1, desk.version())
    assert desk.live() == {"sku_prefix:AB-"}


def test_a_dry_run_of_a_file_changes_nothing(desk: BanDesk):
    """Each reason of the shipped file is kept with its rule when it is meant."""
    file = str(REPO / "include" / "data" / "banned_products.json")
    words = ("ban", "--file", file, "--reason", "sample")
    assert "would be banned" in market(desk, *words, "--dry-run")
    assert desk.live() == set()
    market(desk, *words)
    shipped = json.loads(Path(file).read_text())
    stored = json.loads(market(desk, "banned", "--json"))
    assert len(stored) == len(shipped)
    assert {row["reason"] for row in stored} == {each.get("reason", "sample") for each in shipped}


def test_the_list_shows_what_holds_and_the_history_everything(desk: BanDesk):
    """A shop asks about last week."""
    market(desk, "ban", "--sku", "S-1", "--reason", "recalled")
    market(desk, "unban", "--sku", "S-1", "--reason", "a mistake")
    assert json.loads(market(desk, "banned", "--json")) == []
    (row,) = json.loads(market(desk, "banned", "--history", "--sku", "S-1", "--json"))
    assert (row["state"], row["lift_reason"]) == ("lifted", "a mistake")
    assert "0 rules hold now" in market(desk, "banned", "--history")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ban", "--reason", "x"), "no rule is given"),
        (("ban", "--sku", "S"), "--reason is missing"),
        (("ban", "--sku-prefix", "", "--reason", "x"), "is empty"),
        (("ban", "--sku", "S", "--reason", "x", "--until", "2026-11-22T10:00:00"), "no zone"),
        (("ban", "--sku", "S", "--reason", "x", "--until", "2020-01-01T00:00:00Z"), "would end"),
        (("banned", "--sku", "S", "--product-id", "p"), "more than one rule"),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(desk: BanDesk, words, complaint):
    """Nothing is changed by half."""
    with pytest.raises(SettingError, match=complaint):
        market(desk, *words)
    assert desk.live() == set()
