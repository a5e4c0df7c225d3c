"""One record of a shop by the contract's own judge: what the quick way is not sure of. Pure."""

from __future__ import annotations

from weir.contracts.product import Refusal, Tombstone, micros, parse_product, version_micros
from weir.kafka.record import Message, Record
from weir.market.ban_list import BanList
from weir.market.filtered import Change, Mark, Source, Version, event_json, headers_of
from weir.market.take_back import Outlet


def judge_one(message: Message, bans: BanList, outlet: Outlet) -> list[Record] | Refusal:
    """What is written: one record for an allowed or deleted product, two for a banned one."""
    found = parse_product(message.value, message.key)
    if isinstance(found, Refusal):
        return found
    received_ms = message.timestamp_ms or 0
    if isinstance(found, Tombstone):
        headers = _headers(message, received_ms * 1_000, Change.DELETED, bans, outlet)
        return [Record(topic=outlet.products, key=message.key, value=None, headers=headers)]
    updated_us = version_micros(micros(found.updated_at), received_ms)
    rule = bans.rule_for(found.product_id, found.sku)
    if rule is None:
        headers = _headers(message, updated_us, Change.ALLOWED, bans, outlet)
        return [
            Record(topic=outlet.products, key=message.key, value=message.value, headers=headers)
        ]
    headers = _headers(message, updated_us, Change.BLOCKED, bans, outlet)
    event = event_json(
        change=Change.BLOCKED,
        product_id=found.product_id,
        sku=found.sku,
        shop=found.shop,
        rule=(rule.kind, rule.value, rule.ban_id),
        reason=rule.reason,
        product=(message.value or b"").decode(),
    )
    return [
        Record(topic=outlet.products, key=message.key, value=None, headers=headers),
        Record(topic=outlet.events, key=message.key, value=event, headers=headers),
    ]


def _headers(
    message: Message, updated_us: int, change: Change, bans: BanList, outlet: Outlet
) -> tuple[tuple[str, bytes | None], ...]:
    return headers_of(
        Mark(
            change,
            Source(outlet.source_name, message.partition, message.offset),
            Version(updated_us, message.offset, bans.version, outlet.epoch),
        )
    )
