"""What a typed word may mean, given what the catalogue's vocabulary holds. Pure.

The first of these that the vocabulary supports: the word itself, a number, a synonym, a beginning,
two words in one, the other alphabet, a slip of the fingers. Else the word is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from weir.market.search_distance import allowed_slips, slips

SHORTEST_BEGINNING: Final = 3
MOST_BEGINNINGS: Final = 12
MOST_TYPOS: Final = 3

Form = tuple[str, ...]
"""Lexemes that must all be there; mostly one."""


class Way(StrEnum):
    """How a typed word was understood."""

    WORD = "word"
    NUMBER = "number"
    SYNONYM = "synonym"
    BEGINNING = "beginning"
    SPLIT = "split"
    JOINED = "joined"
    ALPHABET = "alphabet"
    TYPO = "typo"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A word of the query. lexeme: None for a stop word; documents: products that have it."""

    word: str
    lexeme: str | None
    documents: int = 0
    synonyms: tuple[str, ...] = ()
    joined: str | None = None  # the lexeme of this word and the next in one, if products have it

    @property
    def is_number(self) -> bool:
        """Numbers and parts of model names are not in the vocabulary: there are too many."""
        return any(letter.isdigit() for letter in self.word)

    @property
    def is_known(self) -> bool:
        """Whether it can be looked for as it is."""
        return self.is_number or self.documents > 0 or bool(self.synonyms)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A word of the vocabulary that may have been meant."""

    word: str
    lexeme: str
    documents: int


@dataclass(frozen=True, kw_only=True)
class Guesses:
    """What the vocabulary holds around a word that it does not hold."""

    beginnings: Sequence[Entry] = ()
    halves: Sequence[tuple[Entry, Entry]] = ()
    alphabet: Sequence[Entry] = ()
    near: Sequence[Entry] = ()
    near_alphabet: Sequence[Entry] = ()
    other_alphabet: str = ""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """How a typed word is looked for: any of `forms`. `said` is what a person reads."""

    typed: str
    way: Way
    forms: tuple[Form, ...]
    said: str
    documents: int = 0


def meaning_of(word: Typed, guesses: Guesses | None) -> Meaning | None:
    """The meaning; None for a stop word. `guesses` are needed for unknown words only."""
    if word.lexeme is None:
        return None
    if word.is_number or word.documents or word.synonyms:
        return _as_it_is(word, word.lexeme)
    found = guesses or Guesses()
    if len(word.word) >= SHORTEST_BEGINNING and found.beginnings:
        return _any_of(word.word, Way.BEGINNING, found.beginnings[:MOST_BEGINNINGS])
    if found.alphabet:
        return _any_of(word.word, Way.ALPHABET, found.alphabet)
    if near := nearest(word.word, found.near):
        return _any_of(word.word, Way.TYPO, near)
    if found.halves:
        left, right = max(found.halves, key=lambda two: min(two[0].documents, two[1].documents))
        return Meaning(
            typed=word.word,
            way=Way.SPLIT,
            forms=((left.lexeme, right.lexeme),),
            said=f"{left.word} {right.word}",
            documents=min(left.documents, right.documents),
        )
    if near := nearest(found.other_alphabet, found.near_alphabet):
        return _any_of(word.word, Way.ALPHABET, near)
    return Meaning(typed=word.word, way=Way.UNKNOWN, forms=((word.lexeme,),), said=word.word)


def nearest(word: str, entries: Iterable[Entry]) -> list[Entry]:
    """The entries with the fewest slips, if so few are believable; the most frequent first."""
    at_most = allowed_slips(word)
    measured = [
        (found, entry)
        for entry in entries
        if (found := slips(word, entry.word, at_most)) is not None
    ]
    if not measured:
        return []
    fewest = min(found for found, _ in measured)
    best = [entry for found, entry in measured if found == fewest]
    best.sort(key=lambda entry: (entry.word[:1] != word[:1], -entry.documents, entry.word))
    chosen: dict[str, Entry] = {}
    for entry in best:
        chosen.setdefault(entry.lexeme, entry)
    return list(chosen.values())[:MOST_TYPOS]


def joined_meanings(words: Sequence[Typed], meanings: Sequence[Meaning | None]) -> list[Meaning]:
    """The meanings in order; an unknown word that makes a known one with its neighbour is that."""
    result: list[Meaning] = []
    taken = False
    for place, (word, meaning) in enumerate(zip(words, meanings, strict=True)):
        if taken:
            taken = False
            continue
        after = meanings[place + 1] if place + 1 < len(meanings) else None
        either_unknown = any(m is not None and m.way is Way.UNKNOWN for m in (meaning, after))
        if word.joined and either_unknown:
            both = f"{word.word}{words[place + 1].word}"
            result.append(
                Meaning(typed=both, way=Way.JOINED, forms=((word.joined,),), said=both, documents=1)
            )
            taken = True
        elif meaning is not None:
            result.append(meaning)
    return result


def _as_it_is(word: Typed, lexeme: str) -> Meaning:
    synonyms = tuple((synonym,) for synonym in word.synonyms if synonym != lexeme)
    if word.is_number:
        return Meaning(typed=word.word, way=Way.NUMBER, forms=((lexeme,),), said=word.word)
    way = Way.WORD if word.documents else Way.SYNONYM
    forms = ((lexeme,), *synonyms) if word.documents else synonyms
    return Meaning(
        typed=word.word, way=way, forms=forms, said=word.word, documents=max(word.documents, 1)
    )


def _any_of(typed: str, way: Way, entries: Sequence[Entry]) -> Meaning:
    lexemes = dict.fromkeys((entry.lexeme,) for entry in entries)
    return Meaning(
        typed=typed,
        way=way,
        forms=tuple(lexemes),
        said=entries[0].word,
        documents=sum(entry.documents for entry in entries),
    )
