"""The statistics stream of a test's own on the real cluster, and a filter that writes by hand."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.platform import environment
from tests.support.promo_stream import PromoStream
from tests.support.stores import own_database
from weir.kafka.record import Headers
from weir.market.filtered import (
    EVENTS,
    PRODUCTS,
    Change,
    Mark,
    Source,
    Version,
    event_json,
    headers_of,
)
from weir.ops.batch import batch_environment, batch_properties
from weir.ops.streams import find_stream
from weir.platform.layout import Layout
from weir.settings import REPO, Settings

Counted = Counter[tuple[str, str]]
"""(category, change) -> messages."""


class StatisticsStream(PromoStream):
    """Drivers of the stream; what `say` writes is in one shop of this test's own."""

    def __init__(self, settings: Settings, spec: Any) -> None:
        super().__init__(settings, spec)
        self.shop = f"shop {uuid.uuid4().hex[:8]}"
        self.source_topic = f"shop-products-{uuid.uuid4().hex[:8]}"
        self.said: Counted = Counter()
        self._known: set[tuple[Any, ...]] = set()

    def say(
        self,
        change: Change,
        source: int,
        *,
        category: str = "Книги",
        ban_version: int = 1,
        headers: Headers | None = None,
    ) -> None:
        """One record as the filter writes it; counted here too, once, from its description."""
        product = f"{self.shop}-{source}"
        body = (
            f'{{"v":1,"product_id":"{product}","sku":"S","shop":"{self.shop}","name":"n",'
            f'"category":"{category}","price":"{source}.50","currency":"RUB",'
            '"updated_at":"2026-01-01T00:00:00Z"}'
        )
        now_us = time.time_ns() // 1000
        mark = Mark(
            change, Source(self.source_topic, 0, source), Version(now_us, source, ban_version, 1)
        )
        of_products = change is Change.ALLOWED
        value = body.encode()
        if not of_products:
            value = event_json(
                change=change,
                product_id=product,
                sku="S",
                shop=self.shop,
                rule=None,
                reason=None,
                product=body,
            )
        topic = PRODUCTS if of_products else EVENTS
        given = headers_of(mark) if headers is None else headers
        self.producer().send(topic, value, key=product.encode(), headers=given)
        decided = change in (Change.ALLOWED, Change.BLOCKED)
        key = (change, source, None if decided else ban_version)
        if headers is None and key not in self._known:
            self._known.add(key)
            self.said[(category, change.value)] += 1

    def counted(self) -> Counted:
        """What the table holds of this shop."""
        found: Counted = Counter()
        for category, *numbers in self.rows(
            "select category, sum(allowed), sum(blocked), sum(retracted), sum(readmitted)"
            f" from market.product_minute where shop = '{self.shop}' group by 1"
        ):
            changes = ("allowed", "blocked", "retracted", "readmitted")
            for change, number in zip(changes, numbers, strict=True):
                found[(category, change)] += int(number)
        return +found

    def count_anew(self, start: str, end: str) -> subprocess.CompletedProcess[str]:
        """Run the batch as its task does."""
        return count_anew(self.settings, start, end)


def count_anew(settings: Settings, start: str, end: str) -> subprocess.CompletedProcess[str]:
    """Run the batch that counts this stretch of time anew, as its task does."""
    layout = Layout(settings)
    properties = batch_properties(layout)
    sizes = ["--driver-memory", "640m", "--executor-memory", "640m"]
    cores = ["--total-executor-cores", "1"]
    return subprocess.run(
        [
            str(layout.environment / "bin" / "spark-submit"),
            *("--master", settings.spark_master_url, "--deploy-mode", "client"),
            *(part for k, v in properties.items() for part in ("--conf", f"{k}={v}")),
            *(*sizes, *cores),
            str(REPO / "spark_jobs" / "market_statistics" / "backfill.py"),
            *("--from", start, "--to", end, "--who", "test"),
        ],
        env=environment(settings) | batch_environment(layout, os.environ),
        capture_output=True,
        text=True,
        timeout=180,
    )


@contextmanager
def statistics_stream(platform: Settings, folder: Path) -> Iterator[StatisticsStream]:
    """A stream over the platform's topics and a fresh database; no driver yet."""
    name = "market_statistics"  # the batch asks the ledger for this name
    spec = find_stream(name)
    with own_database(platform, folder) as settings:
        stream = StatisticsStream(settings, spec)
        try:
            yield stream
        finally:
            stream.end()
