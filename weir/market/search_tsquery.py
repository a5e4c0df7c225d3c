"""What to look for as a tsquery of PostgreSQL: lexemes, never words, so nothing is parsed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

from weir.market.search_meaning import Form, Meaning
from weir.market.search_request import Question

MOST_WORDS: Final = 8
"""Further words of a query are not looked at."""

PRICE_LEVELS: Final = 6


def quoted(lexeme: str) -> str:
    """A lexeme as tsquery text, whatever is in it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def all_of(parts: Iterable[str]) -> str:
    """Each of the queries must match."""
    found = list(parts)
    return found[0] if len(found) == 1 else f"({' & '.join(found)})"


def any_of(parts: Iterable[str]) -> str:
    """One of the queries must match."""
    found = list(parts)
    return found[0] if len(found) == 1 else f"({' | '.join(found)})"


def form_query(form: Form) -> str:
    """All lexemes of one form."""
    return all_of(map(quoted, form))


def word_query(meaning: Meaning) -> str:
    """Any form of one typed word."""
    return any_of(map(form_query, meaning.forms))


def words_query(words: Sequence[str], missing: int, kept: int | None = None) -> str:
    """All the words but `missing` of them, whichever; never the one at place `kept`."""
    others = [word for place, word in enumerate(words) if place != kept]
    some = [list(chosen) for chosen in combinations(others, len(others) - missing) if chosen]
    needed = [words[kept]] if kept is not None else []
    return all_of([*needed, *([any_of(map(all_of, some))] if some else [])])


def code_query(query: str) -> str:
    """The product whose id or SKU is the whole query."""
    code = query.strip().lower()
    return any_of((quoted(f"k/{code}"), quoted(f"i/{code}")))


def filter_terms(question: Question, price_steps: tuple[int, int]) -> list[str]:
    """What narrows the search, as terms of the index. Prices only roughly: the row is asked too."""
    named = (("c", question.category), ("b", question.brand), ("s", question.shop))
    terms = [quoted(f"{kind}/{name.lower()}") for kind, name in named if name]
    if question.has_price:
        cover = price_cover(*price_steps)
        terms.append(any_of(quoted(f"p/{question.currency}/{term}") for term in cover))
    return terms


def price_cover(first: int, last: int) -> list[str]:
    """The fewest terms `level/number` that together are the steps first..last of 0..63."""
    terms = []
    for level in range(PRICE_LEVELS):
        if first > last:
            break
        if level == PRICE_LEVELS - 1:
            terms += [f"{level}/{number}" for number in range(first, last + 1)]
            break
        if first % 2:
            terms.append(f"{level}/{first}")
            first += 1
        if last % 2 == 0:
            terms.append(f"{level}/{last}")
            last -= 1
        first, last = first // 2, last // 2
    return terms
