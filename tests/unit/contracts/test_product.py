"""What is a product, and by which word everything else is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.support.bad_products import BAD, GOOD, KEY, ODD, message, raw, without
from weir.contracts.product import (
    Limits,
    Product,
    Refusal,
    Tombstone,
    micros,
    parse_product,
    product_json,
    version_micros,
)


def test_a_product_is_read_with_its_price_as_a_decimal_and_its_times_with_a_zone() -> None:
    """Money in floats loses kopecks, times without a zone lose hours."""
    assert parse_product(message(), KEY) == Product(
        product_id="el-0001",
        sku="PHN-ORB-7",
        shop="Северный свет",
        name="Смартфон Орбита 7",
        description="Экран 6,4 дюйма, 128 ГБ",
        category="Электроника",
        brand="Орбита",
        price=Decimal("24990.00"),
        currency="RUB",
        stock=12,
        tags=("смартфон", "5G"),
        attributes={"memory_gb": 128, "colour": "чёрный", "dual_sim": True},
        images=("https://img.example/el-0001.jpg",),
        created_at=datetime(2026, 11, 1, 9, tzinfo=UTC),
        updated_at=datetime(2026, 11, 20, 10, 30, 0, 250_000, tzinfo=UTC),
    )


def test_what_is_written_is_what_was_read() -> None:
    """The command line sends what the filter will read."""
    product = parse_product(message(), KEY)
    assert isinstance(product, Product)
    assert parse_product(product_json(product), KEY) == product


@pytest.mark.parametrize("name", BAD)
def test_a_record_that_is_no_product_is_refused_by_its_word(name: str) -> None:
    """People filter dead letters by these words when they send them again."""
    value, word = BAD[name]
    found = parse_product(value, KEY)
    assert isinstance(found, Refusal), found
    assert found.reason == word


@pytest.mark.parametrize("name", ODD)
def test_an_unusual_way_to_write_a_product_is_taken(name: str) -> None:
    """Shops write JSON with whatever they have."""
    assert isinstance(parse_product(ODD[name], KEY), Product)


@pytest.mark.parametrize(
    "name", ["product_id", "sku", "shop", "name", "category", "price", "currency", "updated_at"]
)
def test_a_missing_field_is_named(name: str) -> None:
    """The shop must know which."""
    assert parse_product(without(name), KEY) == Refusal("missing_field", name)


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ('"24990"', "24990"),
        ("24990", "24990"),
        ("24990.0", "24990"),
        ("24990.10", "24990.1"),
        ("0.29", "0.29"),
        ("999999999999.99", "999999999999.99"),
        ('"0"', "0"),
    ],
)
def test_a_price_written_as_a_number_loses_nothing(written: str, price: str) -> None:
    """0.29 as a float is 0.28999…; a shop that writes numbers means what it wrote."""
    found = parse_product(raw("price", written), KEY)
    assert isinstance(found, Product)
    assert found.price == Decimal(price)


def test_an_id_written_as_a_number_is_its_digits() -> None:
    """Half of all shops number their products; a ban on the digits must meet them."""
    found = parse_product(message(product_id=77, sku=12345), b"77")
    assert isinstance(found, Product)
    assert (found.product_id, found.sku) == ("77", "12345")


def test_of_two_equal_names_the_last_counts() -> None:
    """Every reader of the market reads so: a ban by SKU cannot be dodged by a second SKU."""
    found = parse_product(ODD["a field twice"], KEY)
    assert isinstance(found, Product)
    assert found.sku == GOOD["sku"]


def test_no_value_is_a_tombstone_of_the_key() -> None:
    """It is how a shop deletes."""
    assert parse_product(None, KEY) == Tombstone("el-0001")


@pytest.mark.parametrize(
    ("value", "key", "word"),
    [
        (None, None, "missing_key"),
        (message(), None, "missing_key"),
        (None, b"", "wrong_key"),
        (None, b"\xff", "wrong_key"),
        (None, b"a\nb", "wrong_key"),
        (None, b"x" * 101, "wrong_key"),
        (message(), b"el-0002", "wrong_key"),
    ],
)
def test_a_key_that_is_not_the_products_id_is_refused(
    value: bytes | None, key: bytes | None, word: str
) -> None:
    """The key decides the partition: two keys of one product would have no order."""
    found = parse_product(value, key)
    assert isinstance(found, Refusal)
    assert found.reason == word


def test_limits_belong_to_the_caller() -> None:
    """A company with longer names raises a number, not the code."""
    value, _ = BAD["a long name"]
    assert isinstance(parse_product(value, KEY, Limits(text_chars=501)), Product)


def test_a_version_is_never_later_than_its_arrival() -> None:
    """Else a shop whose clock is ahead could not delete what it sent a minute ago."""
    at = micros(datetime(1970, 1, 2, 0, 0, 1, 250_001, tzinfo=UTC))
    assert at == 86_401_250_001
    assert version_micros(at, at // 1000 + 60_000) == at
    assert version_micros(at + 60_000_000, at // 1000) == at // 1000 * 1000
