"""A banned product is not found, from the moment its ban is committed."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.platform


@pytest.mark.parametrize(
    ("kind", "value"), [("product", "a"), ("sku", "SKU-a"), ("sku_prefix", "SKU-a")]
)
def test_a_ban_counts_at_the_next_search(catalogue, kind, value):
    """The filter and the catalogue may take a second; nobody may find it meanwhile."""
    catalogue.offer("a", "Чайник Тикра", brand="Тикра")
    catalogue.offer("b", "Чайник Арво", brand="Арво")
    assert catalogue.ids("чайник") == ["a", "b"]
    catalogue.ban(kind, value)
    answer = catalogue.ask("чайник")
    assert [hit.product_id for hit in answer.hits] == ["b"]
    assert answer.found == 1
    assert [facet.value for facet in answer.brands] == ["Арво"]


@pytest.mark.parametrize("code", ["a", "SKU-a"])
def test_its_code_does_not_find_it_either(catalogue, code):
    """The shortest way to a product is a way too."""
    catalogue.offer("a", "Чайник")
    catalogue.ban("product", "a")
    assert catalogue.ids(code) == []


def test_a_ban_that_is_lifted_counts_no_longer(catalogue):
    """At once, like the ban."""
    catalogue.offer("a", "Чайник")
    catalogue.ban("product", "a")
    catalogue.pg.execute("update market.ban set lifted_at = now(), lifted_by = 'test'")
    assert catalogue.ids("чайник") == ["a"]


def test_explain_says_how_many_were_banned_but_not_which(catalogue):
    """Even the explanation must not show them."""
    catalogue.offer("a", "Чайник")
    catalogue.ban("product", "a")
    answer = catalogue.ask("чайник", explain=True)
    assert answer.explained["banned_now"] == 1
    assert "a" not in answer.explained["products"]
