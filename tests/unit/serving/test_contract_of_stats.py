"""The shape of /stats is a promise to other people's programs."""

from __future__ import annotations

from weir.contracts.stats import SCHEMA_VERSION, Stats

VERSION_1 = {
    "schema_version": "integer",
    "source": "Source",
    "as_of": "string|null",
    "answered_at": "string",
    "lag": "Lag",
    "offsets": "object",
    "served_from": "string",
    "reason": "string|null",
    "bots": "Bots",
    "window": "Window|null",
    "totals": "Totals",
    "last_minute": "LastMinute",
    "domains": "array",
}


def kind(field):
    if "anyOf" in field:
        return "|".join(kind(part) for part in field["anyOf"])
    return field.get("type") or field["$ref"].rsplit("/", 1)[1]


def test_version_1_keeps_every_field_and_its_type():
    """A field that goes or changes needs version 2."""
    schema = Stats.model_json_schema(mode="serialization")
    found = {name: kind(field) for name, field in schema["properties"].items()}
    assert SCHEMA_VERSION == 1
    assert {name: found.get(name) for name in VERSION_1} == VERSION_1
