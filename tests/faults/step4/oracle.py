"""Was the ban promise kept? Judged from what people did and what can be read. Pure.

A product that a rule bans, that was sent after the ban's commit had returned, and that was let
through by a list older than the lift of this ban, is a leak: such a list holds the ban, or it is
from before the commit and stale. A ban with an end of its own lets pass from that end on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from weir.market.filtered import Change, Mark, Source
from weir.market.rules import Kind, Rule


class Sent(NamedTuple):
    """A shop's record. `called_at`: unix seconds when `send()` was called."""

    product_id: str
    sku: str
    called_at: float


@dataclass(kw_only=True)
class Span:
    """One ban. Times are unix seconds; `until`: its own end; None: not (yet)."""

    rule: Rule
    committed_at: float
    until: float | None = None
    lifted_version: int | None = None


class Let(NamedTuple):
    """A product in filtered-products. `written_at`: unix seconds by the filter's producer."""

    product_id: str
    mark: Mark
    written_at: float


@dataclass(kw_only=True)
class World:
    """Everything that people did."""

    sent: dict[Source, Sent] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


def is_hit(rule: Rule, sent: Sent) -> bool:
    """Whether the rule bans the product."""
    if rule.kind is Kind.PRODUCT:
        return sent.product_id == rule.value
    if rule.kind is Kind.SKU:
        return sent.sku == rule.value
    return sent.sku.startswith(rule.value)


def leaks(world: World, let: Iterable[Let]) -> list[tuple[Let, Span]]:
    """What was sent after a ban and let through all the same."""
    by_rule: dict[Rule, list[Span]] = {}
    for span in world.spans:
        by_rule.setdefault(span.rule, []).append(span)
    lengths = {len(rule.value) for rule in by_rule if rule.kind is Kind.SKU_PREFIX}
    found = []
    for one in let:
        if one.mark.change not in (Change.ALLOWED, Change.READMITTED):
            continue
        sent = world.sent[one.mark.source]
        rules = [Rule(Kind.PRODUCT, sent.product_id), Rule(Kind.SKU, sent.sku)]
        rules += [Rule(Kind.SKU_PREFIX, sent.sku[:length]) for length in lengths]
        found += [
            (one, span)
            for rule in rules
            for span in by_rule.get(rule, [])
            if _is_leak(one, sent, span)
        ]
    return found


def _is_leak(one: Let, sent: Sent, span: Span) -> bool:
    if sent.called_at <= span.committed_at:
        return False
    if span.until is not None and one.written_at >= span.until:
        return False
    lifted = span.lifted_version
    return lifted is None or one.mark.version.ban_version < lifted


def banned_now(world: World, now: float) -> set[Rule]:
    """The rules that hold when everything is over."""
    return {
        span.rule
        for span in world.spans
        if span.lifted_version is None and (span.until is None or now < span.until)
    }


def owed(world: World, now: float) -> Mapping[str, tuple[str, Source]]:
    """Product -> state and newest record, as the catalogue must show it in the end."""
    rules = banned_now(world, now)
    newest: dict[str, tuple[int, Source, Sent]] = {}
    for source, sent in world.sent.items():
        known = newest.get(sent.product_id)
        if known is None or source.offset > known[0]:
            newest[sent.product_id] = (source.offset, source, sent)
    return {
        product: ("blocked" if any(is_hit(rule, sent) for rule in rules) else "listed", source)
        for product, (_, source, sent) in newest.items()
    }
