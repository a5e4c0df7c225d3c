"""What a client asks of the search."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from weir.errors import SettingError

LONGEST_CHARS: Final = 500
MOST_HITS: Final = 50
DEAREST: Final = Decimal(10**12)
FIRST_PAGE: Final = 10


@dataclass(frozen=True, kw_only=True)
class Question:
    """A query and what narrows it. Names are compared without regard to capitals.

    Prices are in `currency`; it only counts together with a price. Raises SettingError for what
    cannot be asked.
    """

    query: str
    limit: int = FIRST_PAGE
    category: str | None = None
    brand: str | None = None
    shop: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    currency: str = "RUB"
    in_stock: bool = False
    explain: bool = False

    def __post_init__(self) -> None:
        if not self.query.strip():
            raise SettingError("the query is empty", "say what you look for")
        if len(self.query) > LONGEST_CHARS:
            raise SettingError(f"the query has more than {LONGEST_CHARS} characters")
        for text in (self.query, self.category, self.brand, self.shop, self.currency):
            refuse_unreadable(text or "")
        if not 1 <= self.limit <= MOST_HITS:
            raise SettingError(f"the limit is {self.limit}; give 1 to {MOST_HITS}")
        for price in (self.min_price, self.max_price):
            if price is not None and not (price.is_finite() and 0 <= price < DEAREST):
                raise SettingError(f"{price} is no price")
        if self.min_price and self.max_price is not None and self.min_price > self.max_price:
            raise SettingError(f"no price lies between {self.min_price} and {self.max_price}")

    @property
    def has_price(self) -> bool:
        """Whether the price narrows the search."""
        return self.min_price is not None or self.max_price is not None


def refuse_unreadable(text: str) -> None:
    """Raises SettingError for what PostgreSQL takes in no text."""
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise SettingError("the question holds a NUL or half a character")
