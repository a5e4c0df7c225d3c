"""The quick half of judging products: what Spark is sure of. Pure Column expressions.

`weir.contracts.product.parse_product` is the one judge. The sieve knows only part of JSON's odd
corners, so it errs to one side: what it calls sure is a product by `parse_product` too, with the
same id and SKU; of the rest `parse_product` must be asked, row by row. Ordinary products are sure,
so a stream judges them at the speed of the JVM. A test holds the two together.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import and_
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from weir.contracts.product import LIMITS, VERSION, Limits
from weir.contracts.product_fields import CURRENCY, EARLIEST, LATEST, PRICE, TIME

_CORRUPT: Final = "_corrupt"
_FIELDS: Final = (
    "v INT, product_id STRING, sku STRING, shop STRING, name STRING, category STRING,"
    " price STRING, currency STRING, updated_at STRING, description STRING, brand STRING,"
    " stock INT, tags STRING, attributes STRING, images STRING, created_at STRING,"
    f" {_CORRUPT} STRING"
)
_OPTIONS: Final = {
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": _CORRUPT,
    "allowSingleQuotes": "false",
    "allowNonNumericNumbers": "false",
}

# Narrower than `product_fields.ID`: what looks like a number in JSON (1e5, 0.5) may be one.
_EDGE: Final = "0-9A-Za-zА-Яа-яЁё_"
_SURE_ID: Final = (
    rf"^(?![0-9]+[.eE]|[0-9]{{18,}}\z|true\z|false\z)"
    rf"[{_EDGE}](?:[{_EDGE} .:/+-]*[{_EDGE}.:/+-])?\z"
)
# Lines that say something, none of which may have been a number, a truth value, an array or an
# object. One expression for all texts: each that is asked apart costs as much as all together.
_TEXTS: Final = (
    r"^(?:(?!(?:true|false|[0-9.eE+-]+)(?:\n|\z)|[\[{])(?=[^\n]*?\p{L})[^\n]+(?:\n|\z)){3,4}\z"
)
# The object's own braces alone, or with those of one object in it.
_FLAT: Final = r"^\{[^{}]*+\}\z"
_NESTED: Final = r"^\{[^{}]*+\{[^{}]*+\}[^{}]*+\}\z"
# Numbers that a float may not hold, escapes that are no character on their own or hide a letter of
# a name, and a list or object that is written as a text. What begins none of these is passed over.
_ODD: Final = (
    r'(?=[:,\[\\"])(?:'
    r"[:,\[]\s*-?[0-9.]+(?:[eE]|(?<=[0-9]{300}))"
    r"|\\u(?:00[0-7]|[dD][89a-fA-F])"
    r'|"(?:tags|images|attributes)"(?!: ?[\[{n]))'
)
_ITEM: Final = r'"[^"\\]{1,%d}"'
_LINK_ITEM: Final = r'"https?://[^"\\\s]{1,%d}"'


def with_sure_products(messages: DataFrame, limits: Limits = LIMITS) -> DataFrame:
    """One row per message, with `product_id`, `sku`, `version_us` and `sure` added.

    messages: key, value, timestamp and any other columns. `sure`: it is a product, or a tombstone
    (then `sku` is null). Where it is false, ask `parse_product`: the other three mean nothing.
    version_us: microseconds, see `version_micros`.
    """
    text = F.when(F.octet_length("value") <= limits.value_bytes, F.col("value").cast("string"))
    parsed = messages.withColumn("_text", text).withColumn(
        "_p", F.from_json(F.col("_text"), _FIELDS, _OPTIONS)
    )
    parsed = parsed.withColumn("_updated", _time("updated_at"))
    key = F.col("key").cast("string")
    received_us = F.unix_micros("timestamp")
    tombstone = F.col("value").isNull()
    sure = F.when(tombstone, _is_id(key, limits)).otherwise(
        _sure(limits) & (F.col("key") == F.col("_p.product_id").cast("binary"))
    )
    return parsed.select(
        *messages.columns,
        F.when(tombstone, key).otherwise(F.col("_p.product_id")).alias("product_id"),
        F.col("_p.sku").alias("sku"),
        F.when(tombstone, received_us)
        .otherwise(F.least(F.unix_micros("_updated"), received_us))
        .alias("version_us"),
        F.coalesce(sure, F.lit(False)).alias("sure"),
    )


@cache  # each column is a call into the JVM: a hundred of them a batch are felt
def _sure(limits: Limits) -> Column:
    p = "_p."
    texts = [F.col(p + name) for name in ("shop", "name", "category", "brand")]
    conditions = [
        F.col(p + _CORRUPT).isNull(),
        F.col(p + "v") == VERSION,
        _is_id(F.col(p + "product_id"), limits),
        _is_id(F.col(p + "sku"), limits),
        *(text.isNotNull() for text in texts[:3]),
        *(F.coalesce(F.char_length(text), F.lit(0)) <= limits.text_chars for text in texts),
        F.concat_ws("\n", *texts).rlike(_TEXTS),
        F.col(p + "price").rlike(rf"^{PRICE}\z"),
        F.col(p + "currency").rlike(rf"^{CURRENCY}\z"),
        _is_description(F.col(p + "description"), limits),
        F.col(p + "stock").isNull() | (F.col(p + "stock") >= 0),
        _is_list("tags", _ITEM % limits.text_chars, limits),
        _is_list("images", _LINK_ITEM % (limits.link_chars - 10), limits),
        _in_range(F.col("_updated")),
        F.col(p + "created_at").isNull() | _in_range(_time("created_at")),
        _is_whole(F.col("_text"), F.col(p + "attributes")),
        ~F.col("_text").rlike(_ODD),
    ]
    return reduce(and_, conditions)


def _is_id(column: Column, limits: Limits) -> Column:
    return (F.char_length(column) <= limits.id_chars) & column.rlike(_SURE_ID)


def _is_description(column: Column, limits: Limits) -> Column:
    short = F.char_length(column) <= limits.description_chars
    return column.isNull() | (short & column.rlike(r"^\p{L}") & ~column.isin("true", "false"))


def _is_list(name: str, item: str, limits: Limits) -> Column:
    """A list of such items; `_ODD` sees to it that it is not a text that looks like one."""
    column = F.col(f"_p.{name}")
    more = rf"(?:\s*,\s*{item}){{0,{limits.list_items - 1}}}"
    return column.isNull() | column.rlike(rf"^\[\s*(?:{item}{more})?\s*\]\z")


def _time(name: str) -> Column:
    """The instant of a field; null where it is not written as the contract wants it."""
    column = F.col(f"_p.{name}")
    return F.when(column.rlike(rf"^{TIME}\z"), column.try_cast("timestamp"))


def _in_range(time: Column) -> Column:
    return (time >= F.lit(EARLIEST)) & (time < F.lit(LATEST))


def _is_whole(text: Column, attributes: Column) -> Column:
    """The text is valid UTF-8 and one JSON object, with nothing before or after it.

    Spark's parser ignores what follows an object. With no braces but the object's own and those of
    its attributes, the brace at the end closes the object that Spark read.
    """
    opened = text.contains('"attributes":{') | text.contains('"attributes": {')
    nested = attributes.startswith("{") & opened & text.rlike(_NESTED)
    return F.is_valid_utf8(text) & F.when(attributes.isNull(), text.rlike(_FLAT)).otherwise(nested)
