"""Which records of the filter become rows, and which dead letters."""

from __future__ import annotations

from dataclasses import replace

from tests.support.offers import Said, entries, offer, said
from weir.market.catalogue import State, Unreadable, entry_of, newest
from weir.market.filtered import EVENTS, PRODUCTS, Change


def read(record: Said) -> object:
    return entry_of(*record)


def test_what_another_record_says_in_full_is_passed_over() -> None:
    """A blocked product's tombstone would only take its words away."""
    tombstone = said(Change.RETRACTED, None, product="p1", topic=PRODUCTS)
    event = said(Change.READMITTED, offer(), topic=EVENTS)
    assert [read(tombstone), read(event)] == [None, None]


def test_a_record_without_the_filters_headers_is_a_dead_letter() -> None:
    """Its version is unknown: it could bring back anything."""
    record = said(Change.ALLOWED, offer())
    found = read(record._replace(headers=record.headers[1:]))
    assert found == Unreadable("not written by the filter")
    assert read(record._replace(key=None)) == Unreadable("not written by the filter")


def test_a_product_that_the_contract_refuses_is_a_dead_letter_with_its_word() -> None:
    """Also when it comes by the filter."""
    record = said(Change.ALLOWED, offer(price="cheap"))
    assert read(record) == Unreadable("no product: wrong_price")
    other = said(Change.ALLOWED, offer())._replace(key=b"p2")
    assert read(other) == Unreadable("no product: wrong_key")


def test_a_decision_about_a_product_that_is_not_told_is_a_dead_letter() -> None:
    """A row without a name cannot be shown, nor given back when the ban is lifted."""
    blocked = said(Change.BLOCKED, None, product="p1")
    allowed = said(Change.ALLOWED, offer())._replace(value=None)
    assert [read(blocked), read(allowed)] == [Unreadable("no product")] * 2


def test_a_deletion_that_carries_a_value_is_still_a_deletion() -> None:
    """The header decides, whatever else is written."""
    record = said(Change.DELETED, None, product="p1")._replace(value=b"{}")
    (entry,) = entries(record)
    assert (entry.state, entry.product, entry.payload) == (State.GONE, None, None)


def test_of_many_entries_the_highest_version_of_each_product_is_left() -> None:
    """From left to right: time, offset, list of bans, driver."""
    found = entries(*(said(Change.ALLOWED, offer(p), at=5) for p in ("b", "a")))
    low = found[0]
    higher = [
        replace(low, version=low.version._replace(**{name: 9}))
        for name in ("epoch", "ban_version", "src_offset", "updated_at_us")
    ]
    order = [higher[2], low, higher[3], higher[0], higher[1], found[1]]
    assert newest(order) == [found[1], higher[3]]
    assert newest([higher[0], higher[1], low]) == [higher[1]]
    assert newest([higher[2], higher[1]]) == [higher[2]]
