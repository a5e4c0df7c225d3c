"""A product, and records that are none: each with the word by which it is refused."""

from __future__ import annotations

import orjson

GOOD: dict[str, object] = {
    "v": 1,
    "product_id": "el-0001",
    "sku": "PHN-ORB-7",
    "shop": "Северный свет",
    "name": "Смартфон Орбита 7",
    "description": "Экран 6,4 дюйма, 128 ГБ",
    "category": "Электроника",
    "brand": "Орбита",
    "price": "24990.00",
    "currency": "RUB",
    "stock": 12,
    "tags": ["смартфон", "5G"],
    "attributes": {"memory_gb": 128, "colour": "чёрный", "dual_sim": True},
    "images": ["https://img.example/el-0001.jpg"],
    "created_at": "2026-11-01T09:00:00Z",
    "updated_at": "2026-11-20T10:30:00.250000Z",
}
KEY = b"el-0001"


def message(**changed: object) -> bytes:
    """The good product with these fields changed."""
    return orjson.dumps(GOOD | changed)


def without(name: str) -> bytes:
    """The good product without a field."""
    return orjson.dumps({field: value for field, value in GOOD.items() if field != name})


def raw(name: str, text: str) -> bytes:
    """The good product with one field that holds the given JSON text."""
    return message(**{name: "@"}).replace(b'"@"', text.encode("utf-8", "surrogatepass"))


BAD: dict[str, tuple[bytes, str]] = {
    "an empty value": (b"", "not_json"),
    "a word": (b"hello", "not_json"),
    "half a message": (message()[:-5], "not_json"),
    "two messages": (message() + message(), "not_json"),
    "a word after it": (message() + b" x", "not_json"),
    "a brace after it": (message() + b"}", "not_json"),
    "a field after it": (message() + b',"a":{}}', "not_json"),
    "hidden braces": (message(name="{ Орбита") + b"}", "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf" + message(), "not_json"),
    "UTF-16": (message().decode().encode("utf-16"), "not_json"),
    "invalid UTF-8": (message(name="@").replace(b"@", b"a\xffb"), "not_json"),
    "a raw surrogate": (raw("name", '"a\ud800"'), "not_json"),
    "a lone surrogate": (raw("name", '"a\\ud800"'), "not_json"),
    "a raw control character": (raw("name", '"a\x00b"'), "not_json"),
    "single quotes": (b"{'v': 1}", "not_json"),
    "NaN": (raw("stock", "NaN"), "not_json"),
    "NaN among the attributes": (raw("attributes", '{"a": NaN}'), "not_json"),
    "1e400 among the attributes": (raw("attributes", '{"a": 1e400}'), "not_json"),
    "400 digits": (raw("extra", "9" * 400), "not_json"),
    "2,000 deep": (raw("extra", "[" * 2000 + "]" * 2000), "not_json"),
    "null": (b"null", "not_an_object"),
    "an array": (b"[" + message() + b"]", "not_an_object"),
    "a number": (b"7", "not_an_object"),
    "300 KB": (message(description="x" * 300_000), "too_large"),
    "NUL in a text": (raw("name", '"a\\u0000b"'), "nul"),
    "NUL in an attribute": (raw("attributes", '{"a\\u0000": 1}'), "nul"),
    "no field at all": (b"{}", "wrong_version"),
    "another version": (message(v=2), "wrong_version"),
    "a version that is true": (message(v=True), "wrong_version"),
    "a version as text": (message(v="1"), "wrong_version"),
    "the key of another": (message(product_id="el-0002"), "wrong_key"),
    "a blank before the id": (message(product_id=" el-0001"), "wrong_id"),
    "a line end in the SKU": (message(sku="A\n"), "wrong_id"),
    "a SKU of nothing": (message(sku=""), "wrong_id"),
    "a long SKU": (message(sku="x" * 101), "too_long"),
    "a fraction as SKU": (raw("sku", "1.5"), "wrong_type"),
    "a power as SKU": (raw("sku", "1e5"), "wrong_type"),
    "a truth value as SKU": (message(sku=True), "wrong_type"),
    "a negative SKU": (message(sku=-5), "wrong_id"),
    "an object as SKU": (message(sku={"a": 1}), "wrong_type"),
    "an SKU of null": (message(sku=None), "missing_field"),
    "a number as name": (message(name=5), "wrong_type"),
    "a truth value as name": (message(name=False), "wrong_type"),
    "an array as name": (message(name=["a"]), "wrong_type"),
    "an array of two lines as name": (raw("name", '["a",\n"b"]'), "wrong_type"),
    "a blank name": (message(name=" \t\u2003"), "empty"),
    "a long name": (message(name="я" * 501), "too_long"),
    "a number as brand": (message(brand=7), "wrong_type"),
    "a long description": (message(description="я" * 10_001), "too_long"),
    "an object as description": (message(description={"ru": "текст"}), "wrong_type"),
    "a negative price": (message(price="-1"), "wrong_price"),
    "three decimals": (message(price="1.005"), "wrong_price"),
    "a float that is no price": (message(price=0.1 + 0.2), "wrong_price"),
    "a comma in the price": (message(price="24990,00"), "wrong_price"),
    "a large price": (message(price="1" * 13), "wrong_price"),
    "a price that is true": (message(price=True), "wrong_type"),
    "a currency in words": (message(currency="рубль"), "wrong_currency"),
    "a small currency": (message(currency="rub"), "wrong_currency"),
    "a stock as text": (message(stock="12"), "wrong_type"),
    "half a piece": (message(stock=1.5), "wrong_type"),
    "a negative stock": (message(stock=-1), "wrong_stock"),
    "a stock beyond int4": (message(stock=2**31), "wrong_stock"),
    "tags as text": (message(tags="смартфон"), "wrong_type"),
    "tags as a text like a list": (message(tags='["a"]'), "wrong_type"),
    "tags twice, then a text": (raw("tags", '["a"], "tags": "[]"'), "wrong_type"),
    "tags under another spelling, then a text": (
        message().replace(b'"images"', b'"t\\u0061gs": "[]", "images"', 1),
        "wrong_type",
    ),
    "a number among the tags": (message(tags=["a", 5]), "wrong_type"),
    "null among the tags": (message(tags=[None]), "wrong_type"),
    "an empty tag": (message(tags=[""]), "empty"),
    "51 tags": (message(tags=["a"] * 51), "too_long"),
    "a long tag": (message(tags=["я" * 501]), "too_long"),
    "attributes as a list": (message(attributes=[1]), "wrong_type"),
    "attributes as text": (message(attributes="{}"), "wrong_type"),
    "an image from a disk": (message(images=["file:///etc/passwd"]), "wrong_link"),
    "a blank in a link": (message(images=["https://a b"]), "wrong_link"),
    "no time": (without("updated_at"), "missing_field"),
    "a time without a zone": (message(updated_at="2026-11-20T10:30:00"), "wrong_time"),
    "a day alone": (message(updated_at="2026-11-20"), "wrong_time"),
    "the 30th of February": (message(updated_at="2026-02-30T10:30:00Z"), "wrong_time"),
    "25 o'clock": (message(updated_at="2026-02-20T25:30:00Z"), "wrong_time"),
    "the year 9999": (message(updated_at="9999-01-01T00:00:00Z"), "wrong_time"),
    "the year 1999": (message(updated_at="1999-12-31T23:59:59Z"), "wrong_time"),
    "epoch seconds": (message(updated_at=1_700_000_000), "wrong_type"),
    "a wrong time of creation": (message(created_at="yesterday"), "wrong_time"),
}

ODD: dict[str, bytes] = {
    "a name that looks like a list": message(name="[Новинка] Орбита 7"),
    "a name of digits": message(name="1984"),
    "a name with braces": message(name="Орбита {7}"),
    "ASCII escapes": orjson.dumps(GOOD).decode().encode("ascii", "backslashreplace"),
    "an escaped emoji": raw("name", '"Орбита \\ud83d\\ude80"'),
    "a written-out backslash": raw("name", '"a\\\\u0000b"'),
    "an SKU as a number": message(sku=12345),
    "a price as a number": raw("price", "12990.10"),
    "a price as a power of ten": raw("price", "1.299e4"),
    "a field twice": message().replace(b"{", b'{"sku": "OTHER", ', 1),
    "a nested field of its own": message(extra={"a": {"b": [1, {"c": None}]}}),
    "nested attributes": message(attributes={"size": {"w": 1, "h": 2}}),
    "a line end behind it": message() + b"\n",
    "blanks inside": orjson.dumps(GOOD, option=orjson.OPT_INDENT_2),
    "no optional field": orjson.dumps(
        {
            name: GOOD[name]
            for name in (
                *("v", "product_id", "sku", "shop", "name", "category"),
                *("price", "currency", "updated_at"),
            )
        }
    ),
    "optional fields of null": message(brand=None, stock=None, tags=None, attributes=None),
    "a time with a zone": message(updated_at="2026-11-20T13:30:00+03:00"),
    "an empty list": message(tags=[], images=[]),
    "an empty text": message(description="", brand=""),
}
"""Products all the same."""
