"""Dead letters in PostgreSQL: each once, whatever its bytes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.support.topics import create_topic
from weir.errors import WeirError
from weir.kafka.dead_letter_queries import count_refusals, list_letters, show_letter
from weir.kafka.dead_letters import DeadLetter, dlq_record, store
from weir.kafka.producer import MAX_REQUEST_BYTES, ConfirmedProducer
from weir.kafka.reader import read_range
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


@pytest.fixture
def connection(platform: Settings) -> Iterator[psycopg.Connection[Any]]:
    with connect(platform.dsn_file, application_name="test") as opened:
        yield opened


def letter(**changes: Any) -> DeadLetter:
    made = DeadLetter(
        topic=f"test-{uuid.uuid4().hex[:12]}",
        refused_by="counts.counts",
        reason="missing id",
        partition=0,
        offset=7,
        key=b"k",
        value=b"{",
        headers=(("id", b"1"), ("none", None)),
    )
    return replace(made, **changes)


def test_storing_twice_stores_once_and_says_how_many_are_new(
    connection: psycopg.Connection[Any],
) -> None:
    """A replayed batch refuses the same records again."""
    first = letter()
    second = replace(first, offset=8)
    assert store(connection, [first]) == 1
    assert store(connection, [second, first]) == 1
    assert store(connection, []) == 0
    kept = list_letters(connection, topic=first.topic)
    assert {row.dedupe_key for row in kept} == {first.dedupe_key, second.dedupe_key}


def test_a_letter_is_shown_as_it_was_refused(connection: psycopg.Connection[Any]) -> None:
    """Reason, place and original bytes are what a person needs to fix the source."""
    refused = letter(value=b"\x00\xff" * 300)
    store(connection, [refused])
    shown = show_letter(connection, refused.dedupe_key)
    assert (shown.topic, shown.partition, shown.offset) == (refused.topic, 0, 7)
    assert (shown.refused_by, shown.reason) == ("counts.counts", "missing id")
    assert (shown.key, shown.value, shown.value_bytes) == (b"k", b"\x00\xff" * 300, 600)
    assert shown.value_sha256 == refused.value_sha256
    assert shown.headers == [["id", "MQ=="], ["none", None]]


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "NUL \x00 in it"},
        {"reason": "lone \ud800 surrogate"},
        {"headers": (("nul\x00name", b"\x00"),)},
        {"value": None},
        {"value": b""},
        {"key": None},
        {"partition": None, "offset": None, "source": "wikimedia"},
    ],
)
def test_no_letter_is_too_broken_to_be_kept(
    connection: psycopg.Connection[Any], changes: dict[str, Any]
) -> None:
    """A dead letter that cannot be stored would stop the stream it was taken out of."""
    refused = letter(**changes)
    if refused.source:
        refused = replace(refused, value=uuid.uuid4().bytes)
    assert store(connection, [refused]) == 1
    assert show_letter(connection, refused.dedupe_key).value == refused.value


def test_letters_roll_back_with_the_transaction_of_their_counts(
    connection: psycopg.Connection[Any],
) -> None:
    """Counts, offsets and refusals of a batch are one decision."""
    refused = letter()
    with connection.transaction(force_rollback=True):
        assert store(connection, [refused]) == 1
    assert list_letters(connection, topic=refused.topic) == []


def test_letters_are_counted_by_reason_and_filtered_by_who_refused(
    connection: psycopg.Connection[Any],
) -> None:
    """Ten thousand letters of one bad deploy are one line."""
    one = letter(refused_by="a.counts")
    others = [replace(one, offset=offset, refused_by="b.counts") for offset in (8, 9)]
    store(connection, [one, *others])
    counted = [
        (count.refused_by, count.reason, count.letters)
        for count in count_refusals(connection)
        if count.topic == one.topic
    ]
    assert sorted(counted) == [("a.counts", "missing id", 1), ("b.counts", "missing id", 2)]
    only = list_letters(connection, topic=one.topic, refused_by="b.counts", limit=1)
    assert [row.refused_by for row in only] == ["b.counts"]
    store(connection, [replace(one, offset=10, reason="odd")])
    odd = list_letters(connection, topic=one.topic, reason="odd")
    assert [row.offset for row in odd] == [10]


def test_an_unknown_key_is_an_error_with_a_way_out(connection: psycopg.Connection[Any]) -> None:
    """Keys are long; a slip of the finger must not look like an empty letter."""
    with pytest.raises(WeirError, match="no dead letter has the key 'nope'"):
        show_letter(connection, "nope")


def test_a_letter_that_is_cut_for_its_topic_is_whole_in_the_table(
    connection: psycopg.Connection[Any],
) -> None:
    """The table takes what a topic does not."""
    huge = letter(key=random.randbytes(13_000_000), headers=(("h", b"h" * 1_000_000),))
    assert store(connection, [huge]) == 1
    shown = show_letter(connection, huge.dedupe_key)
    assert shown.key == huge.key
    assert [(name, len(value or "")) for name, value in shown.headers] == [("h", 1_333_336)]
    connection.execute("delete from ops.dead_letter where dedupe_key = %s", [huge.dedupe_key])


def test_the_largest_letter_is_taken_by_its_topic(platform: Settings) -> None:
    """Bytes that no compression makes smaller; else the stream would stop at it for ever."""
    huge = letter(key=random.randbytes(13_000_000), value=random.randbytes(20_000_000))
    record = dlq_record(huge)
    create_topic(platform, record.topic, max_message_bytes=str(MAX_REQUEST_BYTES))
    producer = ConfirmedProducer(platform)
    producer.send(record.topic, record.value, key=record.key, headers=record.headers)
    assert producer.flush() == 1
    (found,) = read_range(platform, record.topic)
    assert (found.key, found.headers) == (record.key, record.headers)
