"""Rules in a file: a JSON list of objects, each with one rule and, if it has its own, a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from weir.errors import SettingError
from weir.market.rules import Kind, Rule, parse_rule

NAMES = {"product_id": Kind.PRODUCT, "sku": Kind.SKU, "sku_prefix": Kind.SKU_PREFIX}


def read_rules(file: Path) -> dict[str | None, list[Rule]]:
    """The rules by their own reason (None: the command's). Raises SettingError with the place."""
    try:
        found = orjson.loads(file.read_bytes())
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise SettingError(f"{file} is no JSON: {error}") from error
    if not isinstance(found, list):
        raise SettingError(f"{file} holds no list", 'e.g. [{"sku": "…", "reason": "…"}]')
    rules: dict[str | None, list[Rule]] = {}
    for number, entry in enumerate(found, 1):
        try:
            reason, rule = _entry(entry)
        except SettingError as error:
            raise SettingError(f"{file}, entry {number}: {error.what}", error.hint) from error
        rules.setdefault(reason, []).append(rule)
    return rules


def _entry(entry: Any) -> tuple[str | None, Rule]:
    if not isinstance(entry, dict) or len(NAMES.keys() & entry.keys()) != 1:
        raise SettingError("it names not exactly one rule", f"one of: {', '.join(NAMES)}")
    (name,) = NAMES.keys() & entry.keys()
    value, reason = entry[name], entry.get("reason")
    if not isinstance(value, str) or not isinstance(reason, str | None):
        raise SettingError("rule and reason must be texts")
    return reason, parse_rule(NAMES[name], value)
