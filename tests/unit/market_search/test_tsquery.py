"""Queries are made of lexemes that nobody parses, and price ranges of few terms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from weir.market.search import kept_word, steps_down
from weir.market.search_meaning import Meaning, Way
from weir.market.search_request import Question
from weir.market.search_tsquery import (
    PRICE_LEVELS,
    code_query,
    filter_terms,
    price_cover,
    quoted,
    word_query,
    words_query,
)


def test_quotes_and_backslashes_stay_letters():
    """A query must not end the lexeme it is in."""
    assert quoted("o'neil\\s") == "'o''neil\\\\s'"


def test_forms_are_alternatives_and_a_form_of_two_words_needs_both():
    """ "умныечасы" is both words, "нау" is any of its completions."""
    meaning = Meaning(typed="x", way=Way.SPLIT, forms=(("умн", "час"), ("гаджет",)), said="x")
    assert word_query(meaning) == "(('умн' & 'час') | 'гаджет')"


def test_with_one_word_missing_any_two_of_three_are_enough():
    """Nobody knows which of the words was too much."""
    assert words_query(["a", "b", "c"], 0) == "(a & b & c)"
    assert words_query(["a", "b", "c"], 1) == "((a & b) | (a & c) | (b & c))"
    assert words_query(["a", "b", "c"], 2) == "(a | b | c)"


def test_a_kept_word_is_never_the_missing_one():
    """The others alone would find more than anybody can rank."""
    assert words_query(["a", "b", "c"], 0, kept=1) == "(b & (a & c))"
    assert words_query(["a", "b", "c"], 1, kept=1) == "(b & (a | c))"
    assert words_query(["a", "b", "c"], 2, kept=1) == "b"
    assert words_query(["a"], 0, kept=0) == "a"


def test_a_whole_query_may_be_a_code():
    """Whoever types an SKU wants that product."""
    assert code_query(" PHN-1 ") == "('k/phn-1' | 'i/phn-1')"


def test_names_narrow_without_regard_to_capitals():
    """People do not type them as shops do."""
    question = Question(query="x", category="Дом И КУХНЯ", brand="Утро", shop="Север")
    assert filter_terms(question, (0, 63)) == ["'c/дом и кухня'", "'b/утро'", "'s/север'"]


def test_a_price_narrows_in_its_currency():
    """Thirty thousand roubles are not thirty thousand dollars."""
    question = Question(query="x", max_price=Decimal(10), currency="USD")
    assert filter_terms(question, (0, 31)) == ["'p/USD/5/0'"]


@pytest.mark.parametrize("first", range(0, 64, 3))
def test_the_terms_of_a_range_are_exactly_its_steps(first):
    """One step too few hides products, one too many costs time."""
    for last in range(first, 64):
        cover = price_cover(first, last)
        steps: list[int] = []
        for term in cover:
            level, number = map(int, term.split("/"))
            steps += range(number << level, (number + 1) << level)
        assert sorted(steps) == list(range(first, last + 1)), (first, last, cover)
        assert len(cover) <= 2 * PRICE_LEVELS


@pytest.mark.parametrize(
    ("words", "kept", "expected"),
    [
        (0, None, []),
        (1, None, [0]),
        (1, 0, [0]),
        (2, 0, [0, 1]),
        (4, None, [0, 1, 2, 3]),
        (4, 2, [0, 1, 3]),
    ],
)
def test_words_are_given_up_step_by_step(words, kept, expected):
    """Each step is a search; in a large catalogue each costs."""
    assert steps_down(words, kept) == expected


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], None),
        ([3], None),
        ([9000, 3, 501], 1),
        ([9000, 3, 500], None),  # without the rare word no more are found than can be ranked
    ],
)
def test_the_rarest_word_is_kept_where_the_others_find_too_much(documents, expected):
    """Else any of them may have been the wrong one."""
    words = [
        Meaning(typed="x", way=Way.WORD, forms=(("x",),), said="x", documents=n) for n in documents
    ]
    assert kept_word(words) == expected
