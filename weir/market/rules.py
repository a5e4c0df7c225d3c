"""A rule says which products are banned: one id, one article number, or all that begin so. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from weir.errors import SettingError

MAX_CHARS: Final = 100
"""As long as an id or an article number may be."""


class Kind(StrEnum):
    """What a rule's value is compared with; of many bans of a product the first kind counts."""

    PRODUCT = "product"
    SKU = "sku"
    SKU_PREFIX = "sku_prefix"


@dataclass(frozen=True, order=True, slots=True)
class Rule:
    """One row of the list of bans, without its reason and its time."""

    kind: Kind
    value: str

    @property
    def key(self) -> str:
        """Its name in Kafka and in the audit."""
        return f"{self.kind}:{self.value}"


def parse_rule(kind: str, value: str) -> Rule:
    """A rule from outside. Raises SettingError that says what is wrong with it."""
    try:
        known = Kind(kind)
    except ValueError as error:
        raise SettingError(
            f"{kind!r} is no kind of rule", f"there are: {', '.join(Kind)}"
        ) from error
    if not value.strip():
        raise SettingError(f"the {known} is empty", "a rule without a value would ban everything")
    if value != value.strip() or not value.isprintable():
        raise SettingError(f"the {known} {value!r} holds a blank at an end, or a control character")
    if len(value) > MAX_CHARS:
        raise SettingError(f"the {known} has {len(value)} characters", f"at most {MAX_CHARS}")
    return Rule(known, value)
