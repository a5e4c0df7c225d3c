"""What `make run WITH=market` shows of the marketplace at its end."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from weir.errors import Unavailable
from weir.platform import first_products
from weir.platform.first_products import Category
from weir.settings import Settings

Shown = Callable[..., str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """The screen for these categories."""

    def show(*categories: Category, **settings: object) -> str:
        monkeypatch.setattr(first_products, "fetch_categories", lambda _: list(categories))
        first_products.show_products(Settings(_env_file=None, **settings))
        return capsys.readouterr().out

    return show


def test_the_screen_shows_how_much_is_listed_and_says_that_it_is_sample_data(shown: Shown):
    """A shop's own name for a category cannot steer the terminal."""
    first = Category("Книги", 22, Decimal("450.00"), Decimal("2990.00"))
    second = Category("a\x1b[2J", 1, Decimal("1.00"), Decimal("1.00"))
    assert shown(first, second) == (
        "\nMarketplace (sample products, listed now):\n"
        "  Книги                              22 products  450.00 to 2,990.00\n"
        "  a\\x1b[2J                            1 products  1.00 to 1.00\n"
    )


@pytest.mark.parametrize("settings", [{"market_samples": False}, {"kafka_bootstrap": "theirs:1"}])
def test_a_market_of_others_may_be_empty(shown: Shown, settings: dict[str, object]):
    """Who feeds it from outside is not kept waiting."""
    text = shown(**settings)
    assert "Marketplace (listed now):" in text
    assert "none yet: bin/weir shop send" in text


def test_sample_products_that_never_arrive_are_told_with_a_way_out(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
):
    """`make run` must not end as if all were well."""
    monkeypatch.setattr(first_products, "LIMIT_SECONDS", 0.0)
    with pytest.raises(Unavailable, match="no product is listed after 0 s"):
        shown()
