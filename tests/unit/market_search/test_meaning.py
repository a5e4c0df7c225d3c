"""What a typed word means, given what the vocabulary holds."""

from __future__ import annotations

from weir.market.search_meaning import (
    Entry,
    Guesses,
    Typed,
    Way,
    joined_meanings,
    meaning_of,
    nearest,
)


def entry(word: str, documents: int = 1, lexeme: str | None = None) -> Entry:
    return Entry(word=word, lexeme=lexeme or word, documents=documents)


def test_a_word_that_products_have_is_looked_for_as_it_is():
    """Guesses would only add products that nobody asked for."""
    word = Typed(word="часы", lexeme="час", documents=3)
    found = meaning_of(word, Guesses(beginnings=[entry("часовой")]))
    assert (found.way, found.forms, found.documents) == (Way.WORD, (("час",),), 3)


def test_a_stop_word_means_nothing():
    """ "a case for a phone" has two words."""
    assert meaning_of(Typed(word="для", lexeme=None), None) is None


def test_a_number_is_never_corrected():
    """128 GB is not 256 GB with a slip."""
    found = meaning_of(Typed(word="128", lexeme="128"), Guesses(near=[entry("129")]))
    assert (found.way, found.forms) == (Way.NUMBER, (("128",),))


def test_a_word_of_no_product_with_a_synonym_is_looked_for_as_that():
    """People say what they say, not what shops write."""
    found = meaning_of(Typed(word="телик", lexeme="телик", synonyms=("телевизор",)), None)
    assert (found.way, found.forms) == (Way.SYNONYM, (("телевизор",),))


def test_a_synonym_widens_a_word_that_products_have():
    """Both spellings stand in names."""
    found = meaning_of(Typed(word="тв", lexeme="тв", documents=2, synonyms=("телевизор",)), None)
    assert found.forms == (("тв",), ("телевизор",))


def test_a_beginning_means_all_words_that_begin_so():
    """Results come while somebody still types."""
    guesses = Guesses(beginnings=[entry("наушники", 5, "наушник"), entry("наушник", 1)])
    found = meaning_of(Typed(word="науш", lexeme="науш"), guesses)
    assert (found.way, found.forms, found.said) == (Way.BEGINNING, (("наушник",),), "наушники")


def test_two_letters_are_no_beginning():
    """They begin everything."""
    found = meaning_of(Typed(word="на", lexeme="на"), Guesses(beginnings=[entry("наушники")]))
    assert found.way is Way.UNKNOWN


def test_a_slip_is_read_as_the_nearest_word():
    """One slip beats two, however frequent the other word is."""
    guesses = Guesses(near=[entry("наушники", 1), entry("науршники", 900)])
    found = meaning_of(Typed(word="нaушники".replace("a", "о"), lexeme="ноушник"), guesses)
    assert (found.way, found.said) == (Way.TYPO, "наушники")


def test_of_equally_near_words_the_one_with_the_same_first_letter_comes_first():
    """People rarely mistype the first letter."""
    found = nearest("кофта", [entry("софта", 50), entry("кофты", 1)])
    assert [one.word for one in found] == ["кофты", "софта"]


def test_two_words_written_as_one_are_both_looked_for():
    """A forgotten blank."""
    guesses = Guesses(halves=[(entry("умные", 4, "умн"), entry("часы", 9, "час"))])
    found = meaning_of(Typed(word="умныечасы", lexeme="умныечас"), guesses)
    assert (found.way, found.forms, found.said) == (Way.SPLIT, (("умн", "час"),), "умные часы")


def test_the_other_alphabet_is_tried():
    """Brands are written in both."""
    found = meaning_of(Typed(word="termos", lexeme="termo"), Guesses(alphabet=[entry("термос")]))
    assert (found.way, found.forms) == (Way.ALPHABET, (("термос",),))


def test_an_unknown_word_that_makes_a_known_one_with_its_neighbour_is_joined():
    """ "power bank", where shops write "powerbank"."""
    words = [
        Typed(word="power", lexeme="power", joined="powerbank"),
        Typed(word="bank", lexeme="bank", documents=7),
        Typed(word="black", lexeme="black", documents=2),
    ]
    found = joined_meanings(words, [meaning_of(word, Guesses()) for word in words])
    assert [(one.way, one.forms) for one in found] == [
        (Way.JOINED, (("powerbank",),)),
        (Way.WORD, (("black",),)),
    ]


def test_known_neighbours_stay_two_words():
    """ "кофе машина" may be two things."""
    words = [
        Typed(word="кофе", lexeme="коф", documents=3, joined="кофемашин"),
        Typed(word="машина", lexeme="машин", documents=3),
    ]
    found = joined_meanings(words, [meaning_of(word, None) for word in words])
    assert [one.way for one in found] == [Way.WORD, Way.WORD]
