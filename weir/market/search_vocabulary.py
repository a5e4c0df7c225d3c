"""What the catalogue's vocabulary knows of the words of a query: two reads at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import psycopg

from weir.market.search_meaning import Entry, Guesses, Typed
from weir.market.search_request import DEAREST, Question
from weir.market.search_spellings import other_alphabet
from weir.market.search_tsquery import MOST_WORDS

Pg = psycopg.Connection[Any]

READ_WORDS: Final = """
    with typed as materialized (
      select word, n, market.lexeme(word) as lexeme,
        market.lexeme(word || lead(word) over (order by n)) as joined
      from regexp_split_to_table(market.plain_words(%(query)s), ' ') with ordinality t (word, n)
      where word <> '' order by n limit %(most)s
    )
    select word, lexeme,
      (select coalesce(sum(documents), 0) from market.search_word w where w.lexeme = t.lexeme),
      array(select distinct market.lexeme(s.means) from market.search_synonym s
            where s.word = t.word or s.word = t.lexeme),
      case when exists (select from market.search_word w
                        where w.lexeme = t.joined and w.documents > 0) then joined end
    from typed t order by n
"""
LAST_STEP: Final = 63
PRICE_STEPS: Final = "select market.price_step(%s), market.price_step(%s)"

# The words that begin so: U+FFFF is after every letter in the order of the column.
READ_GUESSES: Final = """
    select
      (select json_agg(found) from (
         select word, lexeme, documents from market.search_word
         where word >= %(word)s and word < %(word)s || U&'\\FFFF' and documents > 0
         order by documents desc, word limit 12) found),
      (select json_agg(found) from (
         select word, lexeme, documents from market.search_word
         where lexeme = market.lexeme(%(other)s) and documents > 0
         order by documents desc, word limit 1) found),
      {near_word},
      {near_other},
      (select json_agg(json_build_array(found.a, found.b)) from (
         select row_to_json(a) as a, row_to_json(b) as b
         from generate_series(3, length(%(word)s) - 3) cut
         cross join lateral (
           select word, lexeme, documents from market.search_word
           where word = left(%(word)s, cut) and documents > 0) a
         cross join lateral (
           select word, lexeme, documents from market.search_word
           where word = substr(%(word)s, cut + 1) and documents > 0) b
         limit 5) found)
"""
# Words that share two groups of three letters (a short one: its beginning or its end), and are
# about as long. A slip in the middle of a word of four letters spoils all groups but one.
NEAR: Final = """
      (select json_agg(found) from (
         select w.word, w.lexeme, w.documents
         from (
           select g.word_id, count(*) * 2.0 / (length({spelling}) + min(g.length)) as alike
           from unnest(market.trigrams({spelling})) t (trigram)
           join market.search_trigram g on g.trigram = t.trigram
             and g.length between length({spelling}) - 2 and length({spelling}) + 2
           group by g.word_id having count(*) >= case when length({spelling}) < 6 then 1 else 2 end
           order by 2 desc limit 100
         ) shared join market.search_word w on w.id = shared.word_id
         where w.documents > 0) found)
"""
GUESSES: Final = READ_GUESSES.format(
    near_word=NEAR.format(spelling="%(word)s"), near_other=NEAR.format(spelling="%(other)s")
)


@dataclass(frozen=True, kw_only=True)
class Read:
    """The words of a query, and what may stand for those that no product has."""

    words: Sequence[Typed]
    guesses: dict[str, Guesses]


def read_vocabulary(connection: Pg, query: str) -> Read:
    """The query's first words and what is known of them."""
    rows = connection.execute(READ_WORDS, {"query": query, "most": MOST_WORDS}).fetchall()
    words = [
        Typed(
            word=word,
            lexeme=lexeme,
            documents=int(documents),
            synonyms=tuple(synonym for synonym in synonyms if synonym),
            joined=joined,
        )
        for word, lexeme, documents, synonyms, joined in rows
    ]
    unknown = {word.word for word in words if word.lexeme is not None and not word.is_known}
    return Read(
        words=words, guesses={word: read_guesses(connection, word) for word in sorted(unknown)}
    )


def read_guesses(connection: Pg, word: str) -> Guesses:
    """What may have been meant by a word that no product has."""
    other = other_alphabet(word)
    row = connection.execute(GUESSES, {"word": word, "other": other}).fetchone()
    assert row is not None
    beginnings, alphabet, near, near_other, halves = row
    return Guesses(
        beginnings=entries(beginnings),
        alphabet=entries(alphabet),
        near=entries(near),
        near_alphabet=entries(near_other),
        other_alphabet=other,
        halves=[(Entry(**a), Entry(**b)) for a, b in halves or ()],
    )


def read_price_steps(connection: Pg, question: Question) -> tuple[int, int]:
    """The steps of the lowest and the highest price that is asked for."""
    if not question.has_price:
        return 0, LAST_STEP
    lowest = Decimal(0) if question.min_price is None else question.min_price
    highest = DEAREST if question.max_price is None else question.max_price
    row = connection.execute(PRICE_STEPS, [lowest, highest]).fetchone()
    assert row is not None
    return row[0], row[1]


def entries(found: list[dict[str, Any]] | None) -> list[Entry]:
    """Rows of the vocabulary."""
    return [Entry(**row) for row in found or ()]
