"""What is kept of a record that could not be used."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from weir.kafka.dead_letters import MAX_VALUE_BYTES, DeadLetter, dlq_record
from weir.kafka.record import Headers, Record, size_in_bytes

LETTER = DeadLetter(
    topic="news",
    refused_by="counts.counts",
    reason="missing id",
    partition=2,
    offset=7,
    key=b"k",
    value=b"{",
    headers=(("id", b"1"), ("empty", None)),
)
DLQ_LIMIT_BYTES = 12_582_912


def test_a_letter_from_a_topic_is_known_by_its_place() -> None:
    """A replayed batch must find the row it already wrote."""
    assert LETTER.dedupe_key == "news/2/7"


def test_a_letter_from_a_source_is_known_by_its_bytes() -> None:
    """Before Kafka there are no offsets; the site may send the same line after each reconnect."""
    letter = replace(LETTER, partition=None, offset=None, source="wikimedia")
    assert letter.dedupe_key == "source:wikimedia/" + hashlib.sha256(b"{").hexdigest()


@pytest.mark.parametrize(
    "place",
    [
        {"source": "wikimedia"},
        {"partition": None, "offset": None},
        {"partition": None},
        {"offset": None},
    ],
)
def test_a_letter_without_one_clear_origin_is_refused(place: dict[str, object]) -> None:
    """A dedupe key like news/None/None would swallow every second letter."""
    with pytest.raises(ValueError, match="partition and offset, or else a source"):
        replace(LETTER, **place)  # type: ignore[arg-type]


def test_the_dead_letter_record_keeps_key_bytes_and_headers_and_adds_the_place() -> None:
    """Redrive sends exactly what came, and readers of the topic dedupe on the place."""
    assert dlq_record(LETTER) == Record(
        topic="news.dlq",
        key=b"k",
        value=b"{",
        headers=(
            ("weir-reason", b"missing id"),
            ("weir-topic", b"news"),
            ("weir-refused-by", b"counts.counts"),
            ("weir-partition", b"2"),
            ("weir-offset", b"7"),
            ("id", b"1"),
            ("empty", None),
        ),
    )


def test_a_second_refusal_replaces_the_headers_of_the_first() -> None:
    """A record sent again and refused again must not carry two reasons."""
    again = replace(LETTER, headers=dlq_record(LETTER).headers, reason="still no id", offset=9)
    headers = dlq_record(again).headers
    assert [value for name, value in headers if name == "weir-reason"] == [b"still no id"]
    assert [value for name, value in headers if name == "weir-offset"] == [b"9"]
    assert headers[-2:] == LETTER.headers


def test_a_huge_original_is_cut_but_its_length_and_hash_are_kept() -> None:
    """The dead-letter topic takes 12 MB; what is missing must be visible."""
    original = b"x" * (MAX_VALUE_BYTES + 5)
    record = dlq_record(replace(LETTER, value=original))
    assert record.value == original[:MAX_VALUE_BYTES]
    assert dict(record.headers)["weir-value-bytes"] == b"10485765"
    assert dict(record.headers)["weir-value-sha256"] == (
        hashlib.sha256(original).hexdigest().encode()
    )
    assert size_in_bytes(record) < DLQ_LIMIT_BYTES


@pytest.mark.parametrize(
    ("key", "value", "headers", "cut"),
    [
        (b"k", b"v" * 11_000_000, (("h", b"h" * 3_000_000),), {"headers", "value"}),
        (b"k" * 13_000_000, b"v", (), {"key"}),
        (b"k" * 13_000_000, None, (("h", b"h"),), {"headers", "key"}),
        (b"k" * 9_000_000, b"v" * 9_000_000, (), {"key"}),
        (b"k" * 3_000_000, b"v" * 20_000_000, (("h", None),), {"headers", "key", "value"}),
        (None, b"v", tuple((f"h{n}", b"h") for n in range(900_000)), {"headers"}),
    ],
)
def test_no_letter_is_too_large_for_its_topic(
    key: bytes | None, value: bytes | None, headers: Headers, cut: set[str]
) -> None:
    """The stream would refuse the message and fail to send its letter, again and again."""
    record = dlq_record(replace(LETTER, key=key, value=value, headers=headers))
    assert size_in_bytes(record) <= DLQ_LIMIT_BYTES
    assert (key or b"").startswith(record.key or b"")
    assert (value or b"").startswith(record.value or b"")
    own = dict(record.headers)
    for name, kept, original in (("key", record.key, key), ("value", record.value, value)):
        if name in cut:
            assert len(kept or b"") >= 1_000_000
            assert own[f"weir-{name}-bytes"] == str(len(original or b"")).encode()
            digest = hashlib.sha256(original or b"").hexdigest()
            assert own[f"weir-{name}-sha256"] == digest.encode()
    assert own.get("weir-headers-left-out") == (
        str(len(headers)).encode() if "headers" in cut else None
    )
    assert {n for n in ("key", "value") if f"weir-{n}-bytes" in own} == cut - {"headers"}
    assert (record.key is None, record.value is None) == (key is None, value is None)


def test_a_tombstone_stays_a_tombstone() -> None:
    """An empty value and no value are different originals."""
    assert dlq_record(replace(LETTER, value=None)).value is None
    assert dlq_record(replace(LETTER, value=b"")).value == b""


@pytest.mark.parametrize(
    ("reason", "readable"),
    [
        ("a\x00b", "a\\x00b"),
        ("a\ud800b", "a\\ud800b"),
        ("é" * 2000, "é" * 1000),
    ],
)
def test_a_reason_that_quotes_bad_input_is_still_storable(reason: str, readable: str) -> None:
    """PostgreSQL refuses NUL and lone surrogates: the letter itself would become a poison pill."""
    assert replace(LETTER, reason=reason).readable_reason == readable


def test_a_letter_of_a_topic_made_anew_has_a_key_of_its_own() -> None:
    """The topic has the same places once more, and readers of the dead letters dedupe on them."""
    letter = replace(LETTER, incarnation="Q0x")
    assert letter.dedupe_key == "news/2/7@Q0x"
    assert dict(dlq_record(letter).headers)["weir-incarnation"] == b"Q0x"
