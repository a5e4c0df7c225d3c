"""What a search answers: to the command line, to the API and to scripts alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One product. highlight, snippet: name and description, with ⟦ ⟧ around what matched; they are
    text, not HTML. score: only for comparing the hits of one answer."""

    product_id: str
    sku: str
    shop: str
    name: str
    category: str
    brand: str | None
    price: Decimal
    currency: str
    stock: int | None
    score: float
    highlight: str
    snippet: str


@dataclass(frozen=True, kw_only=True)
class FacetValue:
    """How many of the found products have this value."""

    value: str
    products: int


@dataclass(frozen=True, kw_only=True)
class PriceRange:
    """Lowest and highest price among the found products of one currency."""

    currency: str
    products: int
    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True, kw_only=True)
class UnderstoodWord:
    """How a word was read. way: word, number, synonym, beginning, split, joined, alphabet, typo or
    unknown (then it was left out)."""

    typed: str
    way: str
    said: str
    lexemes: Sequence[str]
    products: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The best products first.

    found: products that match; when `at_least` is true there are more, and the facets count the
    first `found` only. missing: how many of the words a product may lack (0: it has all).
    """

    query: str
    read_as: str
    found: int
    at_least: bool
    missing: int
    hits: Sequence[Hit]
    categories: Sequence[FacetValue]
    brands: Sequence[FacetValue]
    shops: Sequence[FacetValue]
    prices: Sequence[PriceRange]
    words: Sequence[UnderstoodWord]
    explained: dict[str, Any] | None = field(default=None)
