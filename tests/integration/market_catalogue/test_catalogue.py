"""What the filter says becomes `market.product`: the newest version of each product wins."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from tests.support.bad_products import GOOD
from tests.support.offers import Catalogue, Said, offer, said
from weir.errors import ContractError
from weir.market.filtered import EVENTS, Change
from weir.ops.lease import Fenced

pytestmark = pytest.mark.platform
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_an_allowed_product_is_listed_with_all_that_its_shop_said(catalogue: Catalogue) -> None:
    """What people see is what the shop sent, to the kopeck and to the byte."""
    value = offer("p1", name='Чайник "Уют"\n\\ 1,7 л', tags=["a,b", 'c"d', "e\\f"])
    assert catalogue.take(said(Change.ALLOWED, value, at=7, offset=9, ban=3, epoch=2)) == 1
    assert catalogue.rows(
        "product_id, state, sku, shop, name, category, brand, price, currency, stock, tags,"
        " attributes, images, updated_at, src_partition, src_offset, ban_version, epoch, payload"
    ) == [
        (
            *("p1", "listed", "SKU-p1", "Северный свет", 'Чайник "Уют"\n\\ 1,7 л'),
            *("Электроника", "Орбита", Decimal("24990.00"), "RUB", 12),
            *(["a,b", 'c"d', "e\\f"], GOOD["attributes"], GOOD["images"]),
            *(EPOCH + timedelta(microseconds=7), 2, 9, 3, 2, value.decode()),
        )
    ]
    assert catalogue.found() == ["p1"]


def test_what_a_shop_leaves_out_is_empty_and_not_a_text_of_null(catalogue: Catalogue) -> None:
    """A brand called "null" would be searched for."""
    catalogue.take(
        said(Change.ALLOWED, offer(brand=None, stock=None, tags=None, created_at=None, images=None))
    )
    assert catalogue.rows("brand, stock, tags, images, created_at") == [(None, None, [], [], None)]


def test_an_update_takes_the_place_of_what_was_said_before(catalogue: Catalogue) -> None:
    """One product is one row."""
    catalogue.take(said(Change.ALLOWED, offer(price="10"), at=1))
    assert catalogue.take(said(Change.ALLOWED, offer(price="11"), at=2)) == 1
    assert catalogue.rows("product_id, price") == [("p1", Decimal(11))]


def test_an_older_version_that_comes_late_changes_nothing(catalogue: Catalogue) -> None:
    """Shops send from many machines, and a redrive brings what is weeks old."""
    catalogue.take(said(Change.ALLOWED, offer(price="11"), at=2, offset=1))
    assert catalogue.take(said(Change.ALLOWED, offer(price="10"), at=1, offset=2)) == 0
    assert catalogue.rows("price") == [(Decimal(11),)]


def test_of_two_versions_of_one_moment_the_later_record_counts(catalogue: Catalogue) -> None:
    """A shop that stamps whole seconds may send twice within one."""
    catalogue.take(said(Change.ALLOWED, offer(price="10"), at=1, offset=5))
    assert catalogue.take(said(Change.ALLOWED, offer(price="11"), at=1, offset=6)) == 1
    assert catalogue.take(said(Change.ALLOWED, offer(price="10"), at=1, offset=5)) == 0
    assert catalogue.rows("price") == [(Decimal(11),)]


def test_a_deleted_product_is_gone_and_keeps_its_words(catalogue: Catalogue) -> None:
    """Nobody finds it, and who asks what it was gets an answer."""
    catalogue.take(said(Change.ALLOWED, offer(), at=1))
    assert catalogue.take(said(Change.DELETED, None, product="p1", at=2)) == 1
    assert catalogue.rows("state, name, payload") == [("gone", GOOD["name"], None)]
    assert catalogue.found() == []


def test_a_product_that_was_deleted_before_it_came_stays_gone(catalogue: Catalogue) -> None:
    """Two records of one product may be on two ways."""
    catalogue.take(said(Change.DELETED, None, product="p1", at=2))
    assert catalogue.take(said(Change.ALLOWED, offer(), at=1)) == 0
    assert catalogue.rows("state, sku") == [("gone", None)]
    assert catalogue.take(said(Change.ALLOWED, offer(), at=3)) == 1
    assert catalogue.rows("state, sku") == [("listed", "SKU-p1")]


def test_a_retraction_hides_a_product_and_a_readmission_brings_it_back(
    catalogue: Catalogue,
) -> None:
    """Of one and the same version: only the list of bans has changed."""
    catalogue.take(said(Change.ALLOWED, offer(), at=4, ban=1))
    catalogue.take(said(Change.RETRACTED, offer(), at=4, ban=2))
    assert (catalogue.rows("state, ban_version"), catalogue.found()) == ([("blocked", 2)], [])
    catalogue.take(said(Change.READMITTED, offer(), at=4, ban=3))
    assert (catalogue.rows("state, ban_version"), catalogue.found()) == ([("listed", 3)], ["p1"])


def test_a_blocked_product_is_known_but_not_found(catalogue: Catalogue) -> None:
    """When the ban is lifted it must come back as its shop last sent it."""
    value = offer(price="77")
    catalogue.take(said(Change.BLOCKED, value, ban=5))
    assert catalogue.rows("state, price, payload") == [("blocked", Decimal(77), value.decode())]
    assert catalogue.found() == []


def history() -> list[Said]:
    """What happened to one product: the last decision is that of the newest version."""
    return [
        said(Change.ALLOWED, offer(price="1"), at=10, offset=1, ban=1),
        said(Change.RETRACTED, offer(price="1"), at=10, offset=1, ban=2),
        said(Change.BLOCKED, offer(price="2"), at=20, offset=2, ban=2),
        said(Change.READMITTED, offer(price="2"), at=20, offset=2, ban=3),
    ]


def test_the_order_in_which_records_come_changes_nothing(catalogue: Catalogue) -> None:
    """There is no order between two topics."""
    for number, order in enumerate(permutations(range(4))):
        product = f"p{number}"
        told = history()
        for place in order:
            record = told[place]
            body = (record.value or b"").replace(b'"p1"', f'"{product}"'.encode())
            catalogue.take(record._replace(key=product.encode(), value=body))
    states = catalogue.rows("state, price, ban_version")
    assert len(states) == 24
    assert set(states) == {("listed", Decimal(2), 3)}


def test_within_a_batch_the_newest_version_wins_too(catalogue: Catalogue) -> None:
    """After a pause a batch holds an hour."""
    told = history()
    random.Random(7).shuffle(told)
    assert catalogue.take(*told) == 1
    assert catalogue.rows("state, price") == [("listed", Decimal(2))]


def test_a_batch_that_is_replayed_is_taken_in_once(catalogue: Catalogue) -> None:
    """A checkpoint may be older than the ledger."""
    record = said(Change.ALLOWED, offer())
    assert catalogue.take(record) == 1
    assert catalogue.take(record, again=True) is None
    assert catalogue.take(record) == 0  # the filter wrote it a second time


def test_a_batch_that_does_not_begin_where_the_ledger_stands_is_refused(
    catalogue: Catalogue,
) -> None:
    """Going on would lose products."""
    catalogue.offset = 5
    with pytest.raises(ContractError, match="does not begin where the ledger stands"):
        catalogue.take(said(Change.ALLOWED, offer()))
    assert catalogue.rows("product_id") == []


def test_a_driver_whose_epoch_is_over_writes_nothing(catalogue: Catalogue) -> None:
    """A process that was stopped and wakes up must not bring back what was decided since."""
    catalogue.pg.execute("update ops.stream_lease set epoch = 2")
    catalogue.offset = 5  # of a ledger that it does not understand any more
    with pytest.raises(Fenced):
        catalogue.take(said(Change.ALLOWED, offer()))
    assert catalogue.rows("product_id") == []


def test_ids_and_texts_of_any_script_survive(catalogue: Catalogue) -> None:
    """Names hold emoji, quotes, tabs and words from the right to the left."""
    name = "שלום 🚀\t'х' \"y\" \\N {a,b}"
    catalogue.take(said(Change.ALLOWED, offer("ид-1", name=name, tags=["{}", "NULL", "\\N", "ö"])))
    assert catalogue.rows("product_id, name, tags") == [("ид-1", name, ["{}", "NULL", "\\N", "ö"])]


def test_an_event_tells_the_product_byte_for_byte(catalogue: Catalogue) -> None:
    """A price of 10.10 must not come back from a ban as 10.1."""
    value = offer(price="@").replace(b'"@"', b"10.10").replace(b'"stock":12', b'"stock" : 12')
    record = said(Change.BLOCKED, value)
    assert record.topic == EVENTS
    catalogue.take(record)
    assert catalogue.rows("payload, stock") == [(value.decode(), 12)]
