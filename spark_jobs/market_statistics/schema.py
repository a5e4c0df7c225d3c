"""What the statistics read of a record of the filter, as Spark schemas."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")

CORRUPT: Final = "_corrupt"
FIELDS: Final = "sku string, shop string, category string, brand string, currency string"
PRODUCT: Final = f"{FIELDS}, price string, {CORRUPT} string"
EVENT: Final = f"sku string, shop string, product struct<{FIELDS}, price string>, {CORRUPT} string"
"""An event holds the product as it was sent, or none: then its head still names SKU and shop."""

PARSE: Final = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT}

NOT_OURS: Final = "not written by the filter"
NOT_JSON: Final = "not the declared JSON"
NO_KEY: Final = "no product id"
