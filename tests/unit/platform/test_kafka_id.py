"""The id of a new Kafka cluster."""

from __future__ import annotations

from weir.platform.kafka import kafka_id


def test_an_id_is_22_letters_and_never_begins_with_a_dash():
    """One start in 64 failed: the formatting tool took such an id for an option."""
    ids = [kafka_id(bytes([first]) * 16) for first in range(256)]
    assert {len(text) for text in ids} == {22}
    assert [text for text in ids if text.startswith("-")] == []
    assert kafka_id(b"\x00" * 16) == "A" * 22
