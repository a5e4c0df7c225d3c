"""The fields of a form as an order: what the form does not check is checked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from weir.errors import SettingError
from weir.market.ban_orders import order_bans, order_unbans
from weir.market.bans import Changed
from weir.market.moment import parse_moment
from weir.market.rules import Kind, Rule, parse_rule

NAMES = {"product_id": Kind.PRODUCT, "sku": Kind.SKU, "sku_prefix": Kind.SKU_PREFIX}


def order_of_form(
    connection: psycopg.Connection[Any], values: Mapping[str, Any], *, who: str, via: str
) -> Changed:
    """Ban or unban what the form names. Raises SettingError with the field and what is wrong."""
    groups = {str(values["reason"]): rules_of_form(values)}
    dry_run = bool(values.get("dry_run"))
    if values["verb"] == "unban":
        return order_unbans(connection, groups, who=who, via=via, dry_run=dry_run)
    return order_bans(
        connection,
        groups,
        who=who,
        via=via,
        until=parse_moment("until", values.get("until")),
        dry_run=dry_run,
    )


def rules_of_form(values: Mapping[str, Any]) -> list[Rule]:
    """The one to three rules that the form names."""
    rules = [
        parse_rule(kind, str(values[name])) for name, kind in NAMES.items() if values.get(name)
    ]
    if not rules:
        raise SettingError("the form names no rule", f"one of: {', '.join(NAMES)}")
    return rules
