"""What the catalogue reads of a record of the filter."""

from __future__ import annotations

from typing import Final

from weir.market.filtered import EVENTS, PRODUCTS

TOPICS: Final = (PRODUCTS, EVENTS)
COLUMNS: Final = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")
