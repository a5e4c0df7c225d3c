"""Search in the products: what the words mean, which products have them, the best first.

Reads PostgreSQL only, so an answer is as true as the catalogue and the ban list at its moment.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

import psycopg

from weir.market.search_answer import Answer, FacetValue, Hit, PriceRange, UnderstoodWord
from weir.market.search_explain import explain
from weir.market.search_find import MOST_CANDIDATES, Found, Lookup, find
from weir.market.search_meaning import Meaning, Way, joined_meanings, meaning_of
from weir.market.search_request import Question
from weir.market.search_spellings import other_layout
from weir.market.search_tsquery import (
    all_of,
    any_of,
    code_query,
    filter_terms,
    word_query,
    words_query,
)
from weir.market.search_vocabulary import read_price_steps, read_vocabulary

Pg = psycopg.Connection[Any]

FEW: Final = 3
"""With fewer products that have all words, those that lack one are looked at too."""

NOTHING: Final = (
    Lookup(match="", all_words=None, parts=(), weights=(), words=""),
    Found(candidates=0, allowed=0, facets=(), prices=(), hits=()),
)

COMMON: Final = 1_000_000.0
"""Weights fall with the number of products that have the word, to a tenth for about so many."""


def search(connection: Pg, question: Question) -> Answer:
    """The answer as of now. Raises psycopg's errors when PostgreSQL is away."""
    began = time.perf_counter()
    read_as, meanings = understand(connection, question.query)
    steps = read_price_steps(connection, question)
    understood_at = time.perf_counter()
    filters = filter_terms(question, steps)
    missing, lookup, found = look(connection, question, meanings, filters)
    explained = None
    if question.explain:
        explained = explain(connection, lookup, [hit["product_id"] for hit in found.hits]) | {
            "words_ms": round((understood_at - began) * 1000, 2),
            "products_ms": round((time.perf_counter() - understood_at) * 1000, 2),
            "candidates": found.candidates,
            "banned_now": found.candidates - found.allowed,
        }
    return answer_of(question, read_as, meanings, missing, found, explained)


def understand(connection: Pg, query: str) -> tuple[str, list[Meaning]]:
    """The query as it was read, and what its words mean; stop words are gone.

    When no word is known the keys are tried on the other keyboard layout.
    """
    meanings = meanings_in(connection, query)
    if meanings and all(meaning.way is Way.UNKNOWN for meaning in meanings):
        swapped = other_layout(query.lower())
        others = meanings_in(connection, swapped)
        if any(other.way is not Way.UNKNOWN for other in others):
            return swapped, others
    return query, meanings


def meanings_in(connection: Pg, query: str) -> list[Meaning]:
    """What each word of the query means."""
    read = read_vocabulary(connection, query)
    each = [meaning_of(word, read.guesses.get(word.word)) for word in read.words]
    return joined_meanings(read.words, each)


def look(
    connection: Pg, question: Question, meanings: Sequence[Meaning], filters: Sequence[str]
) -> tuple[int, Lookup, Found]:
    """The products with all words; when they are few, with one word less, and so on.

    Returns how many words some of them may lack, what was looked for, and what was found.
    Where the others alone would find more than can be ranked, the rarest word stays to the end.
    """
    if looks_like_code(question.query):
        lookup = lookup_of(all_of([code_query(question.query), *filters]), [])
        if (found := find(connection, question, lookup)).hits:
            return 0, lookup, found
    known = [meaning for meaning in meanings if meaning.way is not Way.UNKNOWN]
    words = [word_query(meaning) for meaning in known]
    lookup, found = NOTHING
    kept = kept_word(known)
    all_words = all_of([*words, *filters]) if words else ""
    lacking, most = 0, 0
    for missing in steps_down(len(known), kept):
        match = all_of([words_query(words, missing, kept), *filters])
        lookup = lookup_of(match, known, all_words if missing else None)
        found = find(connection, question, lookup)
        if found.allowed > most:  # else the products of before were found again, no more
            lacking, most = missing, found.allowed
        if found.allowed >= (1 if missing else FEW):
            break
    return lacking, lookup, found


def steps_down(words: int, kept: int | None) -> list[int]:
    """How many words may be missing, try after try; in a large catalogue three tries at most."""
    return list(range(words)) if kept is None else sorted({0, min(1, words - 1), words - 1})


def kept_word(known: Sequence[Meaning]) -> int | None:
    """Place of the rarest word, a number only when there is no word. None: any may be missing."""
    rarest = min(
        range(len(known)),
        key=lambda n: (known[n].way is Way.NUMBER, known[n].documents),
        default=None,
    )
    others = [meaning.documents for n, meaning in enumerate(known) if n != rarest]
    return rarest if min(others, default=0) > MOST_CANDIDATES else None


def looks_like_code(query: str) -> bool:
    """Whether it may be an SKU or a product id: one word with a digit in it."""
    return " " not in query.strip() and any(letter.isdigit() for letter in query)


def lookup_of(match: str, known: Sequence[Meaning], all_words: str | None = None) -> Lookup:
    """What to match and how to rank it."""
    parts = [word_query(meaning) for meaning in known]
    return Lookup(
        match=match,
        all_words=all_words,
        parts=parts,
        weights=[weight_of(meaning) for meaning in known],
        words=any_of(parts or [match]),
    )


def weight_of(meaning: Meaning) -> float:
    """Rare words say more. ts_rank divides by the number of forms: here it is taken back."""
    rarity = max(0.1, math.log(COMMON / max(1, meaning.documents)) / math.log(COMMON))
    return rarity * sum(len(form) for form in meaning.forms)


def answer_of(
    question: Question,
    read_as: str,
    meanings: Sequence[Meaning],
    missing: int,
    found: Found,
    explained: dict[str, Any] | None,
) -> Answer:
    """The answer in its shape."""

    def facet(kind: str) -> list[FacetValue]:
        return [
            FacetValue(value=value, products=products)
            for name, value, products in found.facets
            if name == kind
        ]

    return Answer(
        query=question.query,
        read_as=read_as,
        found=found.allowed,
        at_least=found.candidates >= MOST_CANDIDATES,
        missing=missing,
        hits=[Hit(**{**hit, "price": Decimal(hit["price"])}) for hit in found.hits],
        categories=facet("category"),
        brands=facet("brand"),
        shops=facet("shop"),
        prices=[
            PriceRange(
                currency=currency, products=n, lowest=Decimal(lowest), highest=Decimal(highest)
            )
            for currency, n, lowest, highest in found.prices
        ],
        words=[
            UnderstoodWord(
                typed=meaning.typed,
                way=meaning.way.value,
                said=meaning.said,
                lexemes=[" ".join(form) for form in meaning.forms],
                products=meaning.documents,
            )
            for meaning in meanings
        ],
        explained=explained,
    )


def as_object(answer: Answer) -> dict[str, Any]:
    """For `--json`; what was not asked to be explained is left out."""
    found = asdict(answer)
    if answer.explained is None:
        del found["explained"]
    return found
