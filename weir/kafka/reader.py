"""Bounded reading by offsets or by time, without a consumer group.

Nothing is committed to Kafka: who reads keeps its own position. Control records take offsets
too, so a range ends at its end offset, at a later message or at the end of the partition,
never by counting messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka import Message as KafkaMessage

from weir.clock import Monotonic, monotonic
from weir.errors import ContractError, SettingError, Unavailable
from weir.kafka.client import LastError, failed, kafka_options, unavailable
from weir.kafka.offsets import Isolation, end_offsets, first_offsets, offsets_at, partitions_of
from weir.kafka.record import Headers, Message, is_probe
from weir.settings import Settings

__all__ = ["end_offsets", "follow", "read_last", "read_range", "read_since"]

STALL_SECONDS: Final = 30.0
# consume() waits out its time-out on a part-filled batch: a longer one costs throughput.
POLL_SECONDS: Final = 0.1
POLL_MESSAGES: Final = 1000


def read_range(
    settings: Settings,
    topic: str,
    start: Mapping[int, int] | None = None,
    end: Mapping[int, int] | None = None,
    *,
    isolation: Isolation = "read_committed",
    probes: bool = False,
    stall_seconds: float = STALL_SECONDS,
    clock: Monotonic = monotonic,
) -> Iterator[Message]:
    """Messages with start <= offset < end; within a partition in order.

    None means everything there is now: from the oldest kept message, to `end_offsets`. A
    partition missing in a given `start` or `end` is not read. A range that reaches into an open
    transaction waits for its end and is never cut short. Probes are left out unless asked for.
    Raises Unavailable (nothing new for `stall_seconds`); ContractError if `start` is no longer
    kept; SettingError for an unknown topic.
    """
    kept_from = first_offsets(settings, topic)
    ends = end_offsets(settings, topic, isolation) if end is None else dict(end)
    starts = kept_from if start is None else dict(start)
    todo = {
        number: (starts[number], ends[number])
        for number in sorted(starts.keys() & ends.keys())
        if starts[number] < ends[number]
    }
    for number, (first, last) in todo.items():
        if first < kept_from.get(number, 0):
            raise ContractError(
                f"{topic}/{number}: offsets {first}..{kept_from[number] - 1} are deleted",
                f"Kafka keeps {kept_from[number]} and later; asked for {first}..{last - 1}",
            )
    if not todo:
        return  # closing a consumer that has just been made takes three seconds
    last_error = LastError()
    seen_to: dict[int, int] = {}  # where an early end of the partition was met
    with closing(Consumer(_consumer_options(settings, isolation, last_error))) as consumer:
        consumer.assign([TopicPartition(topic, n, first) for n, (first, _) in todo.items()])
        moved_at = clock()
        while todo:
            batch = consumer.consume(POLL_MESSAGES, POLL_SECONDS)
            if not batch and clock() - moved_at > stall_seconds:
                raise _stalled(settings, topic, todo, seen_to, last_error)
            for raw in batch:
                number, offset = cast(int, raw.partition()), cast(int, raw.offset())
                if number not in todo:
                    continue
                end_offset = todo[number][1]
                error = raw.error()
                if error is None and offset < end_offset:
                    if probes or not is_probe(raw.key()):
                        yield _message(raw)
                    offset += 1
                elif error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise _reading_failed(settings, topic, error)
                seen_to[number] = offset  # the end of a partition comes with its next offset
                if offset >= end_offset:
                    del todo[number]
                    consumer.incremental_unassign([TopicPartition(topic, number)])
            if batch:
                moved_at = clock()  # after the yields: a slow caller is no stall


def _stalled(
    settings: Settings,
    topic: str,
    todo: Mapping[int, tuple[int, int]],
    seen_to: Mapping[int, int],
    last_error: LastError,
) -> Unavailable:
    number, (first, end) = next(iter(todo.items()))
    waiting = f"{topic}/{number}: offsets {seen_to.get(number, first)}..{end - 1}"
    if number not in seen_to:
        return unavailable(settings, f"{waiting}: {last_error.text or 'no answer'}")
    return Unavailable(
        f"{waiting} cannot be read yet: not written, or in an open transaction",
        "a transaction ends when its writer starts again, or after a minute",
    )


def read_since(
    settings: Settings, topic: str, timestamp_ms: int, *, isolation: Isolation = "read_committed"
) -> Iterator[Message]:
    """Every message from the first one at or after `timestamp_ms` in its partition to the end.

    Time stamps need not rise with offsets: older ones may be among them, none is left out.
    """
    ends = end_offsets(settings, topic, isolation)
    starts = offsets_at(settings, topic, timestamp_ms)
    return read_range(settings, topic, starts, ends, isolation=isolation)


def read_last(settings: Settings, topic: str, key: bytes) -> Message | None:
    """The newest committed message with this key in a one-partition topic; None if there is none.

    Looks back in growing steps: a compacted topic of a busy publisher is long, its end is near.
    """
    (first,), (end,) = (
        first_offsets(settings, topic).values(),
        end_offsets(settings, topic).values(),
    )
    back = 100
    while True:
        start = max(first, end - back)
        newest = None
        for message in read_range(settings, topic, {0: start}, {0: end}):
            newest = message if message.key == key else newest
        if newest is not None or start == first:
            return newest
        back *= 30


def follow(
    settings: Settings, topic: str, start: Mapping[int, int] | None = None
) -> Iterator[Message]:
    """Committed messages from `start` (None: the oldest kept) on, for ever; for a person's eyes."""
    places = dict.fromkeys(partitions_of(settings, topic), OFFSET_BEGINNING) | dict(start or {})
    options = _consumer_options(settings, "read_committed", LastError())
    with closing(Consumer(options)) as consumer:
        consumer.assign([TopicPartition(topic, n, offset) for n, offset in places.items()])
        while True:
            for raw in consumer.consume(POLL_MESSAGES, POLL_SECONDS):
                error = raw.error()
                if error is None:
                    yield _message(raw)
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise _reading_failed(settings, topic, error)


def _consumer_options(
    settings: Settings, isolation: Isolation, last_error: LastError
) -> dict[str, object]:
    return kafka_options(
        settings,
        group_id="weir-unused",  # librdkafka wants a name; it is never joined nor committed to
        enable_auto_commit=False,
        enable_auto_offset_store=False,
        enable_partition_eof=True,
        auto_offset_reset="error",
        isolation_level=isolation,
        fetch_wait_max_ms=50,
        queued_max_messages_kbytes=32_768,
        error_cb=last_error,
    )


def _reading_failed(
    settings: Settings, topic: str, error: KafkaError
) -> ContractError | SettingError | Unavailable:
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        return ContractError(f"{topic}: {error.str()}", "the offset is deleted or not yet there")
    return failed(settings, error, f"reading {topic}")


def _message(raw: KafkaMessage) -> Message:
    kind, stamp = raw.timestamp()
    return Message(
        cast(str, raw.topic()),
        cast(int, raw.partition()),
        cast(int, raw.offset()),
        raw.key(),
        raw.value(),
        cast(Headers, tuple(raw.headers() or ())),
        stamp if kind else None,
    )
