"""What the filter has said and the catalogue has not read yet, told by the topics between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.filter_in_memory import FilterInMemory
from weir.market import on_the_way
from weir.market.filtered import EVENTS, PRODUCTS, Change
from weir.market.on_the_way import products_on_their_way

SETTINGS: Any = None


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FilterInMemory:
    """Three products were let through, one was blocked."""
    found = FilterInMemory()
    for source, product in enumerate(("p1", "p2", "p3")):
        found.say(Change.ALLOWED, product, source)
    found.say(Change.BLOCKED, "p4", 3)
    found.stand_in(monkeypatch, "weir.market.on_the_way")
    return found


def told(stands: dict[str, dict[int, int]]) -> set[str] | None:
    return products_on_their_way(SETTINGS, stands, {PRODUCTS: {0: 3}, EVENTS: {0: 1}})


def test_every_product_between_is_on_its_way(kafka: FilterInMemory) -> None:
    """In either topic: the newest word about it may be in the other one."""
    assert told({PRODUCTS: {0: 1}, EVENTS: {0: 0}}) == {"p2", "p3", "p4"}
    assert told({PRODUCTS: {0: 3}, EVENTS: {0: 0}}) == {"p4"}


def test_when_all_is_read_nothing_is_on_its_way_and_nobody_asks_kafka() -> None:
    """As it mostly is."""
    assert told({PRODUCTS: {0: 3}, EVENTS: {0: 1}}) == set()


def test_a_partition_of_which_the_catalogue_knows_nothing_could_hold_anything() -> None:
    """It was added, or the catalogue has not begun."""
    assert told({PRODUCTS: {}, EVENTS: {0: 1}}) is None


def test_what_kafka_has_deleted_could_have_been_anything(kafka: FilterInMemory) -> None:
    """The filter goes on: it is the catalogue that has lost something."""
    kafka.deleted[PRODUCTS] = 2
    assert told({PRODUCTS: {0: 1}, EVENTS: {0: 1}}) is None


def test_too_much_is_not_looked_at(kafka: FilterInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The filter would let nothing through meanwhile."""
    monkeypatch.setattr(on_the_way, "MAX_MESSAGES", 2)
    assert told({PRODUCTS: {0: 1}, EVENTS: {0: 1}}) == {"p2", "p3"}
    assert told({PRODUCTS: {0: 1}, EVENTS: {0: 0}}) is None
