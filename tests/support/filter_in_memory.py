"""What the filter wrote, without Kafka: messages by topic, read as `weir.kafka` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from weir.kafka.record import Message
from weir.market.filtered import EVENTS, PRODUCTS, Change, Mark, Source, Version, headers_of
from weir.market.filtered import event_json as event

NOON_MS = 1_800_014_400_000


class FilterInMemory:
    """Stands in for both topics, each of one partition; `deleted` is what retention took."""

    def __init__(self) -> None:
        self.messages: dict[str, list[Message]] = {PRODUCTS: [], EVENTS: []}
        self.deleted: dict[str, int] = {PRODUCTS: 0, EVENTS: 0}

    def say(
        self,
        change: Change,
        product: str = "p1",
        source: int = 0,
        *,
        at_ms: int = NOON_MS,
        ban_version: int = 1,
        price: str = "100.00",
        category: str = "Электроника",
    ) -> None:
        """One decision, in the topic in which it counts."""
        body = (
            f'{{"v":1,"product_id":"{product}","sku":"S-{product}","shop":"Север","name":"n",'
            f'"category":"{category}","price":"{price}","currency":"RUB",'
            '"updated_at":"2027-01-15T08:00:30Z"}'
        )
        mark = Mark(
            change,
            Source("shop-products", 0, source),
            Version(at_ms * 1000, source, ban_version, 1),
        )
        to_products = change in (Change.ALLOWED, Change.DELETED)
        topic = PRODUCTS if to_products else EVENTS
        value: bytes | None = body.encode()
        if not to_products:
            value = event(
                change=change,
                product_id=product,
                sku=f"S-{product}",
                shop="Север",
                rule=("product", product, 1),
                reason="recalled",
                product=body,
            )
        elif change is Change.DELETED:
            value = None
        kept = self.messages[topic]
        key = product.encode()
        kept.append(Message(topic, 0, len(kept), key, value, headers_of(mark), at_ms))

    def first_offsets(self, _: Any, topic: str) -> dict[int, int]:
        return {0: self.deleted[topic]}

    def end_offsets(self, _: Any, topic: str) -> dict[int, int]:
        return {0: len(self.messages[topic])}

    def offsets_at(self, _: Any, topic: str, timestamp_ms: int) -> dict[int, int]:
        kept = self.messages[topic]
        later = (m.offset for m in kept if (m.timestamp_ms or 0) >= timestamp_ms)
        return {0: min(later, default=len(kept))}

    def read_range(
        self, _: Any, topic: str, start: Mapping[int, int], end: Mapping[int, int], **__: Any
    ) -> Iterator[Message]:
        return iter(self.messages[topic][start[0] : end[0]])

    def stand_in(self, monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
        """Every one of these modules reads from here."""
        for module in modules:
            for name in ("first_offsets", "end_offsets", "offsets_at", "read_range"):
                monkeypatch.setattr(f"{module}.{name}", getattr(self, name), raising=False)
