"""Banning and unbanning on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.bans import BanDesk, prefix, product, sku
from weir.errors import SettingError
from weir.market.ban_list import fetch_list, fetch_moment
from weir.market.ban_orders import order_bans
from weir.market.ban_rows import count_live, list_bans
from weir.market.bans import turn_due
from weir.ops.audit import fetch_deeds

pytestmark = pytest.mark.platform

SECOND = timedelta(seconds=1)


def overdue(desk: BanDesk, column: str, value: str) -> None:
    """Move one rule's time into the past, as if it had been waited for."""
    changes = {
        "valid_from": "valid_from = now() - interval '1 hour'",
        "valid_until": "valid_from = now() - interval '2 hours',"
        " valid_until = now() - interval '1 hour'",
    }
    desk.pg.execute(
        f"update market.ban set {changes[column]} where value = %s",  # type: ignore[arg-type]
        [value],
    )


def test_a_ban_holds_from_its_commit_on_and_raises_the_version_by_one_per_rule(desk: BanDesk):
    """The filter reloads the list only when the version moved."""
    before = desk.version()
    done = desk.ban(product("p1"), sku("S-1"), prefix("AB-"))
    assert (done.changed, done.version) == (3, before + 3)
    assert desk.live() == {"product:p1", "sku:S-1", "sku_prefix:AB-"}
    assert desk.version() == before + 3
    assert desk.records() == [
        (before + 1, "product:p1", "live"),
        (before + 2, "sku:S-1", "live"),
        (before + 3, "sku_prefix:AB-", "live"),
    ]


def test_the_same_ban_twice_changes_nothing(desk: BanDesk):
    """A file that is sent again must not make a thousand new versions."""
    desk.ban(product("p1"))
    version = desk.version()
    again = desk.ban(product("p1"), product("p1"))
    assert (again.changed, again.unchanged, again.version) == (0, 1, version)
    assert len(desk.records()) == 1


def test_a_ban_with_other_words_replaces_the_old_one_and_keeps_it(desk: BanDesk):
    """Who banned first, and why, is history."""
    desk.ban(product("p1"), reason="recalled")
    done = desk.ban(product("p1"), reason="forged")
    assert (done.changed, done.replaced) == (1, 1)
    new, old = list_bans(desk.pg, history=True)
    assert (new.state, new.reason) == ("live", "forged")
    assert (old.state, old.reason, old.lift_reason) == ("lifted", "recalled", "replaced")


def test_an_unban_lifts_the_rule_and_says_what_was_not_banned(desk: BanDesk):
    """A slip of the finger must not look like a success."""
    desk.ban(product("p1"), product("p2"))
    done = desk.unban(product("p1"), product("nobody"))
    assert (done.changed, done.unchanged) == (1, 1)
    assert desk.live() == {"product:p2"}
    assert desk.records()[-1] == (desk.version(), "product:p1", "lifted")
    (row,) = list_bans(desk.pg, history=True, rule=product("p1"))
    assert (row.lifted_by, row.lift_reason) == ("tester", "it was a mistake")


def test_a_ban_ends_by_itself_at_its_time_without_anybody_writing(desk: BanDesk):
    """The list is right between the expiry and the moment the relay notices it."""
    desk.ban(product("p1"), until=desk.now() + timedelta(hours=1))
    assert desk.is_banned("p1", "x")
    overdue(desk, "valid_until", "p1")
    assert desk.live() == set()
    assert not desk.is_banned("p1", "x")
    assert list_bans(desk.pg) == []
    assert count_live(desk.pg) == 0


def test_a_scheduled_ban_begins_by_itself_and_a_list_read_before_says_when(desk: BanDesk):
    """Between two versions the clock alone changes the list."""
    begin = desk.now() + timedelta(hours=1)
    desk.ban(product("p1"), valid_from=begin)
    early = fetch_list(desk.pg)
    assert (early.rules, early.changes_at) == ((), begin)
    overdue(desk, "valid_from", "p1")
    assert desk.live() == {"product:p1"}
    assert desk.is_banned("p1", "x")


def test_what_is_due_gets_one_version_each_and_only_once(desk: BanDesk):
    """The record on the topic is what wakes the filter."""
    soon = desk.now() + timedelta(hours=1)
    desk.ban(product("begins"), valid_from=soon)
    desk.ban(product("ends"), until=soon)
    desk.ban(product("stays"), until=soon)
    assert turn_due(desk.pg) == 0
    overdue(desk, "valid_from", "begins")
    overdue(desk, "valid_until", "ends")
    before = desk.version()
    assert turn_due(desk.pg) == 2
    assert turn_due(desk.pg) == 0
    assert desk.records()[-2:] == [
        (before + 1, "product:begins", "live"),
        (before + 2, "product:ends", "lifted"),
    ]
    assert desk.live() == {"product:begins", "product:stays"}


def test_a_rule_whose_ban_is_over_can_be_banned_again(desk: BanDesk):
    """Also in the half second in which nobody has noted that it is over."""
    desk.ban(product("p1"), until=desk.now() + timedelta(hours=1))
    overdue(desk, "valid_until", "p1")
    assert desk.ban(product("p1")).changed == 1
    assert desk.live() == {"product:p1"}
    assert [row.state for row in list_bans(desk.pg, history=True)] == ["live", "over"]


def test_an_immediate_ban_holds_though_the_clock_is_set_back(desk: BanDesk):
    """A server that corrects its clock must not let anything through."""
    desk.ban(product("p1"))
    desk.pg.execute("update market.ban set valid_from = now() + interval '1 hour'")
    assert desk.live() == {"product:p1"}
    assert desk.is_banned("p1", "x")


def test_a_live_ban_is_not_replaced_by_one_that_begins_later(desk: BanDesk):
    """The product would be let through until then."""
    desk.ban(product("p1"))
    with pytest.raises(SettingError, match="product:p1 is banned already"):
        desk.ban(product("p1"), valid_from=desk.now() + timedelta(hours=1))
    assert desk.live() == {"product:p1"}


def test_a_ban_that_ends_before_it_begins_is_refused_and_nothing_is_changed(desk: BanDesk):
    """All rules of a command or none."""
    version = desk.version()
    with pytest.raises(SettingError, match="before it begins"):
        desk.ban(product("p1"), sku("s"), until=desk.now() - SECOND)
    assert (desk.version(), desk.live()) == (version, set())


def test_a_dry_run_says_what_would_change_and_changes_nothing(desk: BanDesk):
    """Try a prefix before it empties a shop."""
    version = desk.version()
    groups = {"forged": [product("p1"), prefix("AB")], "recalled": [sku("S")]}
    done = order_bans(desk.pg, groups, who="tester", via="test", dry_run=True)
    assert (done.changed, done.version) == (3, version + 3)
    assert (desk.version(), desk.live()) == (version, set())


def test_every_change_is_in_the_audit_with_who_and_why(desk: BanDesk):
    """A shop asks who took its product down."""
    desk.ban(product("p1"), reason="recalled")
    desk.unban(product("p1"))
    lifted, banned = fetch_deeds(desk.pg, "product:p1")
    assert (banned.who, banned.via, banned.action) == ("tester", "test", "ban")
    assert banned.details["reason"] == "recalled"
    assert (lifted.action, lifted.details["reason"]) == ("unban", "it was a mistake")


def test_the_closest_rule_names_the_ban_of_a_product(desk: BanDesk):
    """Product before article number before the longest prefix, in SQL as in the filter."""
    desk.ban(product("p1"), sku("AB-1"), prefix("AB"), prefix("AB-"), prefix("Ж"))
    numbers = {f"{rule.kind}:{rule.value}": rule.ban_id for rule in fetch_list(desk.pg).rules}
    cases = {
        ("p1", "AB-1"): "product:p1",
        ("p2", "AB-1"): "sku:AB-1",
        ("p2", "AB-12"): "sku_prefix:AB-",
        ("p2", "ABC"): "sku_prefix:AB",
        ("p2", "Ж7"): "sku_prefix:Ж",
        ("p2", "A"): None,
        ("p2", "ab-1"): None,
    }
    listed = fetch_list(desk.pg)
    for (product_id, article), key in cases.items():
        wanted = None if key is None else numbers[key]
        assert desk.rows("select market.is_banned(%s, %s)", [product_id, article]) == [(wanted,)]
        found = listed.rule_for(product_id, article)
        assert (found.ban_id if found else None) == wanted
    ids = [f"{n}" for n in range(len(cases))] + ["p1"]
    among = desk.rows(
        "select product_id, ban_id from market.banned_among(%s, %s)",
        [ids, [article for _, article in cases] + ["AB-1"]],
    )
    wanted_rows = {
        "0": "sku:AB-1",
        "1": "sku:AB-1",
        "2": "sku_prefix:AB-",
        "3": "sku_prefix:AB",
        "4": "sku_prefix:Ж",
        "p1": "product:p1",
    }
    assert dict(among) == {one: numbers[key] for one, key in wanted_rows.items()}


def test_many_thousand_bans_cost_a_reader_less_than_a_millisecond_per_product(desk: BanDesk):
    """Search asks for each product that it shows."""
    rules = [product(f"p{n}") for n in range(12_000)]
    rules += [sku(f"S-{n}") for n in range(7_000)]
    rules += [prefix(f"{n:04d}-") for n in range(1_000)]
    assert desk.ban(*rules).changed == 20_000
    desk.pg.execute("analyze market.ban")
    plan = desk.rows(
        "explain (analyze, format json) select count(*) from generate_series(1, 1000) n"
        " where market.is_banned('q' || n, 'T-' || n) is null"
    )[0][0]
    assert plan[0]["Execution Time"] < 1000
    among = desk.rows(
        "explain (analyze, format json) select * from market.banned_among("
        "array(select 'q' || n from generate_series(1, 1000) n),"
        " array(select '0001-' || n from generate_series(1, 1000) n))"
    )[0][0]
    assert among[0]["Execution Time"] < 200
    moment, found = fetch_moment(desk.pg), fetch_list(desk.pg)
    assert len(found.rules) == 20_000
    assert found.version == moment.version
