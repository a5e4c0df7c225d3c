"""Queries as people type them, for the products of `weir.market.generator`: seeded, mixed."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, Final

from weir.market.generator import brands, product
from weir.market.search_request import Question
from weir.market.vocabulary import COLOURS, KINDS

# How many of a hundred queries are of this kind.
MIX: Final = {
    "forms": 30,
    "typos": 20,
    "filters": 20,
    "beginnings": 10,
    "english": 10,
    "described": 5,
    "codes": 5,
}
FORMS: Final = (
    *("смартфонов", "умных часов", "наушниками", "колонку", "ноутбуки", "планшетом"),
    *("телевизоры", "зарядных устройств", "чайника", "кофемашину", "сковородке", "сковородой"),
    *("пылесосы", "лампой", "постельного белья", "куртки", "кроссовок", "платья", "джинсов"),
    *("велосипедом", "палатки", "гантелей", "лыж", "романов", "учебника", "кремом", "духами"),
    *("конструкторов", "настольных игр", "шинами", "видеорегистраторы", "шоколада", "чая"),
)
DESCRIBED: Final = (
    *("хороший подарок", "гарантия два года", "работает тихо", "из прочных материалов"),
    *("легко чистить", "для новичка", "easy to clean", "made by a small workshop"),
)
LETTERS: Final = "абвгдежзийклмнопрстуфхцчшщыьэюя"


def questions(count: int, products: int, seed: int = 7) -> list[tuple[str, Question]]:
    """So many (kind, question) for the first `products` sample products; mostly different."""
    chance = random.Random(seed)
    kinds = chance.choices(list(MIX), weights=list(MIX.values()), k=count)
    return [(kind, question(kind, products, chance)) for kind in kinds]


def question(kind: str, products: int, chance: random.Random) -> Question:
    """One question of this kind."""
    thing = chance.choice(KINDS)
    if kind == "forms":
        words = chance.choice(FORMS)
        return Question(query=chance.choice([words, f"{words} {chance.choice(brands(True)[:60])}"]))
    if kind == "typos":
        return Question(query=f"{slip(thing.russian.lower(), chance)}{more(chance)}")
    if kind == "beginnings":
        word = max(thing.russian.lower().split(), key=len)
        return Question(query=word[: max(3, len(word) - chance.randint(1, 4))])
    if kind == "english":
        return Question(query=f"{thing.english.lower()} {chance.choice(COLOURS)[1]}")
    if kind == "described":
        return Question(query=f"{thing.russian.lower()} {chance.choice(DESCRIBED)}")
    if kind == "codes":
        offer = product(chance.randrange(products))
        return Question(query=chance.choice([offer.sku, offer.product_id]))
    return Question(query=thing.russian.lower() + more(chance), **narrowed(thing, chance))


def narrowed(thing: Any, chance: random.Random) -> dict[str, Any]:
    """One or two filters, among them prices that few products have."""
    span = thing.highest - thing.lowest
    dear = Decimal(int(thing.lowest + span * chance.choice([0.01, 0.05, 0.3, 0.7])))
    found: dict[str, Any] = chance.choice(
        [{"max_price": dear}, {"min_price": dear}, {"brand": chance.choice(brands(True)[:100])}]
    )
    return found | chance.choice([{}, {"category": thing.category}, {"in_stock": True}])


def more(chance: random.Random) -> str:
    """Nothing, or a colour."""
    return chance.choice(["", f" {chance.choice(COLOURS)[0]}"])


def slip(words: str, chance: random.Random) -> str:
    """The words with one letter lost, doubled, mistaken or swapped in the longest of them."""
    word = max(words.split(), key=len)
    at = chance.randrange(1, len(word) - 1)
    wrong = chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + chance.choice(LETTERS) + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )
    return words.replace(word, wrong)
