"""Other ways to write a word: on the wrong keyboard layout, or in the other alphabet."""

from __future__ import annotations

from typing import Final

LATIN_KEYS: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
RUSSIAN_KEYS: Final = "йцукенгшщзхъфывапролджэячсмитьбюе"
TO_RUSSIAN_KEYS: Final = str.maketrans(LATIN_KEYS, RUSSIAN_KEYS)
TO_LATIN_KEYS: Final = str.maketrans(RUSSIAN_KEYS, LATIN_KEYS)

# The longest come first: "shch" is one letter, not four.
BY_SOUND: Final = (
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"),
    ("sh", "ш"), ("yu", "ю"), ("ya", "я"), ("yo", "е"), ("ee", "и"), ("oo", "у"), ("ph", "ф"),
    ("ck", "к"), ("a", "а"), ("b", "б"), ("v", "в"), ("g", "г"), ("d", "д"), ("e", "е"),
    ("z", "з"), ("i", "и"), ("y", "й"), ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"),
    ("o", "о"), ("p", "п"), ("r", "р"), ("s", "с"), ("t", "т"), ("u", "у"), ("f", "ф"),
    ("h", "х"), ("c", "к"), ("j", "дж"), ("q", "к"), ("w", "в"), ("x", "кс"),
)  # fmt: skip
BY_LETTER: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i",
    "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch",
    "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


def is_latin(word: str) -> bool:
    """Whether all of it can be typed on an English keyboard."""
    return word.isascii()


def other_layout(word: str) -> str:
    """What these keys say on the other layout: "cvfhnajy" is "смартфон"."""
    return word.translate(TO_RUSSIAN_KEYS if is_latin(word) else TO_LATIN_KEYS)


def other_alphabet(word: str) -> str:
    """About the same sound in the other alphabet: "naushniki" is "наушники"."""
    if not is_latin(word):
        return "".join(BY_LETTER.get(letter, letter) for letter in word)
    for latin, russian in BY_SOUND:
        word = word.replace(latin, russian)
    return word
