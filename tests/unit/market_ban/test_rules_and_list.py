"""Rules from outside, and how long a list that was read may be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.market.ban_file import read_rules
from weir.market.ban_form import rules_of_form
from weir.market.ban_list import BanList, LiveRule, Moment
from weir.market.moment import parse_moment
from weir.market.rules import Kind, Rule, parse_rule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_list(*rules: LiveRule, changes_at: datetime | None = None) -> BanList:
    return BanList(version=7, at=NOON, changes_at=changes_at, rules=rules)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("colour", "red", "no kind of rule"),
        ("sku_prefix", "", "is empty"),
        ("sku_prefix", "  ", "is empty"),
        ("sku", " A1", "blank at an end"),
        ("sku", "A\n1", "control character"),
        ("product", "p\x00", "control character"),
        ("product", "p" * 101, "101 characters"),
    ],
)
def test_a_rule_that_bans_nothing_or_everything_is_refused(kind, value, words):
    """An empty prefix would take down the whole market."""
    with pytest.raises(SettingError, match=words):
        parse_rule(kind, value)


def test_a_list_holds_while_the_version_and_the_clock_say_so():
    """A list that is used too long lets a banned product through."""
    found = a_list(changes_at=NOON + 60 * SECOND)
    assert found.holds_at(Moment(7, NOON))
    assert found.holds_at(Moment(7, NOON + 59 * SECOND))
    assert not found.holds_at(Moment(8, NOON))
    assert not found.holds_at(Moment(7, NOON + 60 * SECOND))


def test_a_list_without_anything_ahead_holds_until_the_version_moves():
    """The usual case: one number is compared per batch."""
    assert a_list().holds_at(Moment(7, NOON + timedelta(days=365)))


def test_a_clock_that_was_set_back_ends_a_list():
    """What held then may not hold now."""
    assert not a_list().holds_at(Moment(7, NOON - SECOND))


def test_the_closest_rule_is_the_one_that_counts():
    """The shop is told one reason."""
    rules = [
        LiveRule(Kind.PRODUCT, "p1", 1, "id"),
        LiveRule(Kind.SKU, "AB-1", 2, "sku"),
        LiveRule(Kind.SKU_PREFIX, "AB", 3, "short"),
        LiveRule(Kind.SKU_PREFIX, "AB-", 4, "long"),
    ]
    found = a_list(*rules)
    assert found.prefix_lengths == (3, 2)
    cases = {("p1", "AB-1"): 1, ("p2", "AB-1"): 2, ("p2", "AB-2"): 4, ("p2", "ABx"): 3}
    for (product_id, sku), ban_id in cases.items():
        rule = found.rule_for(product_id, sku)
        assert rule is not None
        assert rule.ban_id == ban_id
    assert found.rule_for("p2", "A") is None
    assert found.rule_for("AB-1", "p1") is None


def test_a_file_gives_rules_by_their_reasons(tmp_path: Path):
    """Its own reason comes first; without one the command's counts."""
    file = tmp_path / "bans.json"
    file.write_text('[{"product_id": "p1", "reason": "recalled"}, {"sku_prefix": "AB-"}]')
    assert read_rules(file) == {
        "recalled": [Rule(Kind.PRODUCT, "p1")],
        None: [Rule(Kind.SKU_PREFIX, "AB-")],
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no JSON"),
        ("{}", "no list"),
        ("[1]", "entry 1: it names not exactly one rule"),
        ('[{"sku": "a"}, {"sku": "a", "product_id": "b"}]', "entry 2: it names not exactly one"),
        ('[{"sku": 5}]', "entry 1: rule and reason must be texts"),
        ('[{"sku": ""}]', "entry 1: the sku is empty"),
    ],
)
def test_a_file_with_a_bad_entry_is_refused_with_its_place(tmp_path: Path, content, words):
    """All of a file or nothing."""
    file = tmp_path / "bans.json"
    file.write_text(content)
    with pytest.raises(SettingError, match=words):
        read_rules(file)


def test_the_shipped_list_of_banned_products_can_be_read():
    """`weir market ban --file include/data/banned_products.json` is in the README."""
    groups = read_rules(Path(__file__).parents[3] / "include" / "data" / "banned_products.json")
    assert sum(map(len, groups.values())) > 0


def test_a_form_without_a_rule_is_refused():
    """Its three fields are all optional."""
    with pytest.raises(SettingError, match="names no rule"):
        rules_of_form({"product_id": None, "sku": "", "sku_prefix": None})
    rule = Rule(Kind.SKU_PREFIX, "AB")
    assert rules_of_form({"product_id": None, "sku_prefix": "AB"}) == [rule]


@pytest.mark.parametrize(("text", "words"), [("tomorrow", "no time"), ("2026-11-22T10:00", "zone")])
def test_a_time_without_a_zone_is_refused(text, words):
    """A ban that ends three hours early is no ban."""
    with pytest.raises(SettingError, match=words):
        parse_moment("--until", text)
