"""Where a topic begins, ends, and stood at a given time. Kafka answers all partitions at once."""

from __future__ import annotations

from typing import Any, Final, Literal

from confluent_kafka import OFFSET_INVALID, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec
from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
)

from weir.errors import SettingError, Unavailable
from weir.kafka.client import admin_client, failed, unavailable
from weir.settings import Settings

Isolation = Literal["read_committed", "read_uncommitted"]
Offsets = dict[int, int]

ASK_SECONDS: Final = 10.0
PROPAGATION_SECONDS: Final = 2.0


def partitions_of(settings: Settings, topic: str) -> list[int]:
    """The partition numbers of a topic. Raises Unavailable; SettingError if it does not exist.

    A topic that was just created is unknown for a moment to the brokers, so `unknown` is
    believed only after PROPAGATION_SECONDS.
    """
    admin = admin_client(settings)
    asking = Retrying(
        retry=retry_if_result(lambda found: found.error is not None),
        stop=stop_after_delay(PROPAGATION_SECONDS),
        wait=wait_fixed(0.1),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    try:
        found = asking(lambda: admin.list_topics(topic, timeout=ASK_SECONDS).topics[topic])
    except KafkaException as error:
        raise failed(settings, error) from error
    if found.error is not None:
        raise SettingError(f"topic {topic}: {found.error.str()}", "weir topics list")
    return sorted(found.partitions)


def first_offsets(settings: Settings, topic: str) -> Offsets:
    """The oldest kept offset of each partition."""
    return _list_offsets(settings, topic, OffsetSpec.earliest(), "read_committed")


def end_offsets(settings: Settings, topic: str, isolation: Isolation = "read_committed") -> Offsets:
    """Next offset of each partition; with read_committed, up to the oldest open transaction."""
    return _list_offsets(settings, topic, OffsetSpec.latest(), isolation)


def offsets_at(settings: Settings, topic: str, timestamp_ms: int) -> Offsets:
    """First offset of each partition whose time stamp is at or after; its end when none is."""
    ends = end_offsets(settings, topic)
    found = _list_offsets(settings, topic, OffsetSpec.for_timestamp(timestamp_ms), "read_committed")
    return {
        partition: found[partition] if found[partition] >= 0 else end
        for partition, end in ends.items()
    }


def _list_offsets(
    settings: Settings, topic: str, spec: OffsetSpec, isolation: Isolation
) -> Offsets:
    wanted = {TopicPartition(topic, number): spec for number in partitions_of(settings, topic)}
    level = {
        "read_committed": IsolationLevel.READ_COMMITTED,
        "read_uncommitted": IsolationLevel.READ_UNCOMMITTED,
    }[isolation]
    admin = admin_client(settings)

    def ask() -> Offsets:
        futures = admin.list_offsets(wanted, isolation_level=level, request_timeout=ASK_SECONDS)
        found = {place.partition: _offset(answer.result()) for place, answer in futures.items()}
        if OFFSET_INVALID in found.values():
            # A broker that hangs is no error to the library.
            raise unavailable(settings, f"no offsets of {topic} within {ASK_SECONDS:g} s")
        return found

    # A topic that was just created has partitions without a leader for a moment.
    asking = Retrying(
        retry=retry_if_exception_type((KafkaException, Unavailable)),
        stop=stop_after_delay(PROPAGATION_SECONDS),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    try:
        return asking(ask)
    except KafkaException as error:
        raise failed(settings, error, topic) from error


def _offset(answer: Any) -> int:
    """The offset of a ListOffsetsResultInfo, which declares no attributes to type checkers."""
    return int(answer.offset)
