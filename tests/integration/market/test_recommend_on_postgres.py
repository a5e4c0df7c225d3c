"""What is learned, found and shown, on a real PostgreSQL with the real ban list."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.market_shelf import NOON, Shelf, found
from tests.support.stores import own_database
from weir.contracts.recommendation import Answer, Request
from weir.market.allowed import fetch_allowed
from weir.market.heat import OF_A_USER, OF_THE_WEEK, add_heat, heat_of, weight_now
from weir.market.recommend_answer import answer_request, still_allowed
from weir.market.recommend_forget import count_faded, forget_faded
from weir.market.recommend_score import FOUND_BY_ALIKE
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

NOW = NOON.timestamp()


@pytest.fixture(scope="module")
def database(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = Path(tmp_path_factory.mktemp("recommend"))
    with (
        own_database(platform, folder) as settings,
        connect(settings.dsn_file, application_name="test") as pg,
    ):
        yield Shelf(pg)


@pytest.fixture
def shelf(database: Shelf) -> Shelf:
    database.clear()
    return database


def ask(shelf: Shelf, now: datetime = NOON, **words: Any) -> Answer:
    asked = int(now.timestamp() * 1000)
    words = {"correlation_id": "c", "asked_at_ms": asked, "deadline_ms": asked + 1000} | words
    return answer_request(shelf.pg, Request(**words), lambda: now)


def names(answer: Answer) -> list[str]:
    return [item.product_id for item in answer.items]


def test_postgres_adds_heats_as_python_does(shelf: Shelf):
    """One sum in two languages: a batch adds in Python, the merge in SQL."""
    pairs = [(10.0, 10.0), (10.0, 12.5), (1e6, 1e6 + 39), (1e6, 1e6 + 41), (5.0, -90_000.0)]
    for one, other in pairs:
        ((sql,),) = shelf.pg.execute("select market.add_heat(%s, %s)", [one, other]).fetchall()
        assert sql == pytest.approx(add_heat(one, other), abs=1e-9)


def test_batches_add_up_to_what_one_batch_would_have_been(shelf: Shelf):
    """How Spark cuts a topic into batches must not change what is learned."""
    for product in "abc":
        shelf.offer(product, brand="Дом")
    searches = [
        found("a", "b", user="anna", at=NOON - timedelta(minutes=9)),
        found("b", at=NOON - timedelta(minutes=50)),
        found("c", "a", user="anna"),
        found("a", user="boris", category="Электроника"),
    ]
    queries = (
        "select product_id, category, round(heat_hour::numeric, 6), round(heat_week::numeric, 6),"
        " searches, last_searched_at from market.popularity order by 1",
        "select user_id, kind, value, round(heat::numeric, 6) from market.affinity"
        " order by 1, 2, 3",
        "select product_id, other_id, round(heat::numeric, 6) from market.co_search order by 1, 2",
        "select * from market.recent_product order by 1, 2",
    )
    shelf.learn(*searches)
    at_once = [shelf.rows(query) for query in queries]
    assert all(at_once)
    shelf.pg.execute(
        "truncate market.popularity, market.affinity, market.co_search, market.recent_product"
    )
    for search in searches:
        shelf.learn(search)
    assert [shelf.rows(query) for query in queries] == at_once


def test_the_popular_come_first_and_say_where_they_are_popular(shelf: Shelf):
    """A cold start: nothing is known of the one who asks."""
    for product, category in (("a", "Книги"), ("b", "Книги"), ("c", "Спорт")):
        shelf.offer(product, category)
    shelf.learn(found("b", "a"), found("c"))
    answer = ask(shelf)
    assert names(answer) == ["b", "c", "a"]
    assert {item.reason for item in answer.items} == {
        "popular in Книги this week",
        "popular in Спорт this week",
    }
    assert names(ask(shelf, category="Книги")) == ["b", "a"]
    assert names(ask(shelf, category="Книги", limit=1)) == ["b"]
    assert names(ask(shelf, category="Сад")) == []


def test_without_any_search_the_newest_are_shown(shelf: Shelf):
    """The first client of a new marketplace gets an answer too."""
    shelf.offer("old", created_at=NOON - timedelta(days=90))
    shelf.offer("new", "Книги", created_at=NOON - timedelta(days=1))
    answer = ask(shelf, user="nobody knows me")
    assert names(answer) == ["new", "old"]
    assert [item.reason for item in answer.items] == ["new in Книги", "new in Электроника"]


def test_the_newest_are_those_of_all_categories(shelf: Shelf):
    """However many there are in the first one."""
    for number in range(150):
        shelf.offer(f"a{number}", "Авто", created_at=NOON - timedelta(days=9))
    shelf.offer("toy", "Я сам", created_at=NOON - timedelta(days=1))
    assert names(ask(shelf, limit=1)) == ["toy"]
    assert names(ask(shelf, limit=1, category="Авто")) == ["a0"]


def test_a_price_is_kept_even_when_all_that_is_popular_costs_more(shelf: Shelf):
    """And only prices of one currency are compared."""
    for number in range(5):
        shelf.offer(f"dear{number}", price=90_000)
    shelf.offer("limit", price=Decimal("30000.00"))
    shelf.offer("above", price=Decimal("30000.01"))
    shelf.offer("dollars", price=100, currency="USD")
    shelf.learn(*(found(f"dear{number}") for number in range(5)))
    within = ask(shelf, category="Электроника", max_price=Decimal(30_000))
    assert names(within) == ["limit"]
    assert within.items[0].price == Decimal("30000.00")
    assert names(ask(shelf, max_price=Decimal(100), currency="USD")) == ["dollars"]


def test_what_the_money_buys_is_found_behind_a_hundred_newer_things_that_it_does_not(shelf: Shelf):
    """A shop that has just listed its luxury must not leave somebody with little money nothing."""
    for number in range(120):
        shelf.offer(f"dear{number}", price=90_000, created_at=NOON - timedelta(minutes=number))
    shelf.offer("cheap", price=500, created_at=NOON - timedelta(days=100))
    assert names(ask(shelf, max_price=Decimal(600))) == ["cheap"]


def test_a_user_gets_what_the_user_likes_and_what_others_found_beside_it(shelf: Shelf):
    """Preferences, and the company that products keep."""
    for product, category in (("tent", "Спорт"), ("lamp", "Дом"), ("tv", "Дом"), ("rope", "Спорт")):
        shelf.offer(product, category)
    shelf.learn(
        *(found("tv") for _ in range(9)),
        *(
            search
            for _ in range(3)
            for search in (found("tent", user="x"), found("lamp", user="x"))
        ),
        found("tent", user="anna"),
    )
    assert names(ask(shelf))[0] == "tv"
    answer = ask(shelf, user="anna")
    reasons = {item.product_id: item.reason for item in answer.items}
    assert answer.items[0].product_id != "tv"
    assert reasons["lamp"] == "found by those who also found name of tent"
    assert reasons["rope"] == "you often look at Спорт"


def test_what_is_banned_blocked_gone_or_sold_out_is_never_in_an_answer(shelf: Shelf):
    """Each kind of ban, from the moment of its commit, without any other part having noticed."""
    for product in ("a", "b", "c", "d"):
        shelf.offer(product)
    shelf.offer("blocked", state="blocked")
    shelf.offer("gone", state="gone")
    shelf.offer("none", stock=0)
    shelf.offer("unknown stock", stock=None)
    shelf.learn(*(found(p) for p in ("a", "b", "c", "d", "blocked", "none") for _ in range(3)))
    assert set(names(ask(shelf))) == {"a", "b", "c", "d", "unknown stock"}
    shelf.ban("a")
    shelf.ban("SKU-b", "sku")
    shelf.ban("SKU-c", "sku_prefix")
    assert set(names(ask(shelf))) == {"d", "unknown stock"}
    shelf.unban("a")
    assert set(names(ask(shelf))) == {"a", "d", "unknown stock"}


def test_a_thousand_banned_favourites_hide_nothing_that_is_allowed(shelf: Shelf):
    """Whole brands get banned; the answer must not come back empty for that."""
    for number in range(150):
        shelf.offer(f"hot{number:03}", sku=f"BAD-{number}")
    shelf.offer("good", created_at=NOON - timedelta(days=300))
    shelf.learn(*(found(f"hot{number:03}") for number in range(150)), found("good"))
    shelf.ban("BAD-", "sku_prefix")
    assert names(ask(shelf, limit=3)) == ["good"]


def test_an_answer_shown_later_loses_what_was_banned_since_and_names_it_nowhere(shelf: Shelf):
    """An answer waits in Kafka for its reader; the ban does not wait."""
    for product in ("tent", "lamp", "rope"):
        shelf.offer(product)
    shelf.learn(
        found("tent", user="x"),
        found("lamp", user="x"),
        found("rope", user="x"),
        found("tent", user="anna"),
    )
    answer = ask(shelf, user="anna")
    assert set(names(answer)) == {"tent", "lamp", "rope"}
    shelf.ban("tent")
    later = still_allowed(shelf.pg, answer)
    assert set(names(later)) == {"lamp", "rope"}
    assert "tent" not in str(later)
    assert {item.reason for item in later.items} == {FOUND_BY_ALIKE}
    again = ask(shelf, user="anna")
    assert set(names(again)) == {"lamp", "rope"}
    assert "tent" not in str(again)


def test_only_listed_products_without_a_live_ban_may_be_shown(shelf: Shelf):
    """The one question that everything shown goes through."""
    shelf.offer("a")
    shelf.offer("b")
    shelf.offer("c", state="blocked")
    shelf.ban("b")
    assert fetch_allowed(shelf.pg, ["a", "b", "c", "never seen"]) == {"a"}
    assert fetch_allowed(shelf.pg, []) == set()


def test_what_has_faded_is_forgotten_and_what_has_not_stays(shelf: Shelf):
    """A year of users who never come back must not fill the disk."""
    shelf.offer("a")
    shelf.offer("b")
    long_ago = NOON - timedelta(days=200)
    shelf.learn(found("a", user="old", at=long_ago), found("b", user="old", at=long_ago))
    shelf.learn(found("b", user="anna"))
    assert count_faded(shelf.pg, NOON) == 6
    assert forget_faded(shelf.pg, NOON) == 6
    assert count_faded(shelf.pg, NOON) == 0
    assert shelf.rows("select user_id, value from market.affinity") == [("anna", "Электроника")]
    assert shelf.rows("select product_id from market.popularity") == [("b",)]
    assert shelf.rows("select user_id, product_id from market.recent_product") == [("anna", "b")]
    assert shelf.rows("select * from market.co_search") == []


def test_the_stored_heat_is_that_of_the_search(shelf: Shelf):
    """Hand-made: one find now and one a week's half-life ago are one and a half."""
    shelf.offer("a")
    shelf.learn(found("a", user="anna"))
    shelf.learn(found("a", user="anna", at=NOON - timedelta(days=3)))
    ((week,),) = shelf.rows("select heat_week from market.popularity")
    assert weight_now(week, NOW, OF_THE_WEEK) == pytest.approx(1.5)
    ((heat,),) = shelf.rows("select heat from market.affinity")
    assert math.isclose(
        heat,
        add_heat(heat_of(1, NOW, OF_A_USER), heat_of(1, NOW - 3 * 86_400, OF_A_USER)),
        rel_tol=1e-12,
    )
    ((seen,),) = shelf.rows("select searched_at from market.recent_product")
    assert seen.astimezone(UTC) == NOON
