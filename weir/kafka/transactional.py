"""Records and the cursor that stands for them in one Kafka transaction: exactly once.

The client library (librdkafka 2.16) speaks the old transaction protocol: EndTxn v1, Produce v10
and AddPartitionsToTxn v0, also to brokers that offer v5, v13 and v5. Without KIP-890's epoch per
transaction a delayed commit could end the *next* transaction of the same process. So a commit is
never retried here: the object is unusable after any error, the process ends, and the next start
calls `init_transactions`, which settles what was open before it reads the cursor. A test reads
the negotiated versions and fails when a newer library allows to relax this rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, Protocol

import orjson
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from weir.errors import ContractError, PublishError
from weir.kafka.client import LastError, code_of, failed, kafka_options, reason_of
from weir.kafka.declared import progress_of
from weir.kafka.enqueue import enqueue
from weir.kafka.limits import fetch_limit_bytes
from weir.kafka.offsets import partitions_of
from weir.kafka.producer import PUBLISHING, not_confirmed
from weir.kafka.reader import read_last
from weir.kafka.record import Record, size_in_bytes
from weir.ops.failpoint import reach
from weir.settings import Settings

__all__ = ["Cursor", "CursorPublisher", "Record", "TooLarge", "TransactionalPublisher"]

Cursor = dict[str, Any]
"""JSON object; what it means is the publisher's own matter."""

# A dead process's open transaction hides later records from readers for at most this long
# (its successor ends it at once).
TRANSACTION_SECONDS: Final = 60.0


FENCED: Final = {
    KafkaError._FENCED,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
}


class TooLarge(PublishError):
    """A record that its topic can never take. Nothing was sent; the publisher stays usable."""

    def __init__(self, record: Record, index: int, limit_bytes: int) -> None:
        super().__init__(
            f"record {index} with key {record.key!r} is {size_in_bytes(record)} bytes; "
            f"{record.topic} takes {limit_bytes}",
            "make it a dead letter",
        )
        self.record = record
        self.index = index
        self.limit_bytes = limit_bytes


def fenced(name: str) -> PublishError:
    """The error of a publisher whose name was taken over."""
    return PublishError(
        f"transaction of {name}: another collector with the same name took over",
        "nothing is lost or doubled, but run only one: the service, or one by hand without it",
    )


def started_before(name: str) -> PublishError:
    """The error of a second start: the library begins its transactions once per producer."""
    return PublishError(f"publisher {name} was started before", "open another one")


class CursorPublisher(Protocol):
    """What a collector needs of Kafka. `weir.kafka.memory` has the same without a broker."""

    name: str
    confirmed: int

    def start(self) -> Cursor | None:
        """Fence older publishers of this name; return the last committed cursor. Once."""

    def peek(self) -> Cursor | None:
        """The last committed cursor, without fencing anybody."""

    def limit_bytes(self, topic: str) -> int:
        """Largest record that the topic takes."""

    def commit(self, records: Sequence[Record], cursor: Mapping[str, Any]) -> None:
        """Publish all records and the cursor, or nothing. Raises TooLarge or PublishError."""


class TransactionalPublisher:
    """One publisher of its name: a second one fences the first.

    Under a crash: either all records of a `commit` and its cursor are readable, or none is.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        *,
        transactional_id: str | None = None,
        delivery_seconds: float = TRANSACTION_SECONDS / 2,
    ) -> None:
        self.name = name
        self.confirmed = 0
        self._settings = settings
        self._delivery_seconds = delivery_seconds
        self._started = False
        self._usable = False
        self._limits: dict[str, int] = {}
        self._refused: tuple[str, str] | None = None
        self._last_error = LastError()
        options = kafka_options(settings, error_cb=self._last_error) | PUBLISHING
        self._producer = Producer(
            options
            | {
                "transactional.id": transactional_id or name,
                "transaction.timeout.ms": int(2 * delivery_seconds * 1000),
                "message.timeout.ms": int(delivery_seconds * 1000),
                "delivery.report.only.error": True,  # the commit confirms the others
            }
        )

    def start(self) -> Cursor | None:
        """Fence older publishers of this name, settle their transaction, return the last cursor.

        None: nothing was ever committed. Raises Unavailable; SettingError when the progress topic
        does not exist, or a right is missing; ContractError when its last record is no cursor;
        PublishError when called again.
        """
        if self._started:
            raise started_before(self.name)
        self._check_progress_topic()
        try:
            self._producer.init_transactions(self._delivery_seconds)
        except KafkaException as error:
            away = self._last_error.text
            detail = f"init_transactions ({away})" if away else "init_transactions"
            raise failed(self._settings, error, detail) from error
        self._started = True
        cursor = self.peek()
        self._usable = True
        return cursor

    def peek(self) -> Cursor | None:
        """The last committed cursor, without fencing anybody; raises as `start` does.

        A transaction of a dead publisher may still be open: only `start` settles it.
        """
        topic = self._check_progress_topic()
        last = read_last(self._settings, topic, self.name.encode())
        return None if last is None else _parse_cursor(topic, last.offset, last.value)

    def limit_bytes(self, topic: str) -> int:
        """The topic's max.message.bytes, asked for once. Compare with `size_in_bytes`."""
        if topic not in self._limits:
            self._limits[topic] = fetch_limit_bytes(self._settings, topic)
        return self._limits[topic]

    def commit(self, records: Sequence[Record], cursor: Mapping[str, Any]) -> None:
        """Publish all records and the cursor, or nothing.

        Raises TooLarge before anything is sent (leave that record out and call again). Raises
        PublishError for all else: whether it was committed is then unknown, the object is
        unusable, and only the next `start` can tell.
        """
        if not self._usable:
            raise PublishError(
                f"publisher {self.name} is not started, or failed before",
                "end this process; the next start settles the open transaction",
            )
        for index, record in enumerate(records):
            limit = self.limit_bytes(record.topic)
            if size_in_bytes(record) > limit:
                raise TooLarge(record, index, limit)
        marker = Record(
            topic=progress_of(self.name), key=self.name.encode(), value=orjson.dumps(dict(cursor))
        )
        self._usable = False
        try:
            self._producer.begin_transaction()
            for record in records:
                enqueue(self._producer, record, self._on_refusal)
            reach("in_transaction")
            enqueue(self._producer, marker, self._on_refusal)
            reach("before_kafka_commit")
            self._producer.commit_transaction(self._delivery_seconds)
            reach("after_kafka_commit")
        except KafkaException as error:
            self._raise_failure(error, records)
        self.confirmed += len(records)
        self._usable = True

    def _check_progress_topic(self) -> str:
        topic = progress_of(self.name)
        partitions = partitions_of(self._settings, topic)
        if partitions != [0]:
            raise ContractError(f"{topic} has {len(partitions)} partitions; it must have 1")
        return topic

    def _on_refusal(self, error: KafkaError | None, message: KafkaMessage) -> None:
        if error is not None and self._refused is None:
            self._refused = (message.topic() or "", error.str())

    def _raise_failure(self, error: KafkaException, records: Sequence[Record]) -> NoReturn:
        # When another takes over in the middle of a commit, the call says only "fatal error", and
        # why comes by the callback.
        self._producer.poll(0)
        if FENCED & {code_of(error), *self._last_error.codes}:
            raise fenced(self.name) from error
        # The library's own words end in "retry call to resume", which must not be done.
        timed_out = code_of(error) == KafkaError._TIMED_OUT
        said = f"no answer in {self._delivery_seconds:g} s" if timed_out else reason_of(error)
        topic, reason = self._refused or (records[0].topic if records else "", said)
        raise not_confirmed(
            self._settings, topic, f"transaction of {self.name}: {reason}", self._last_error
        ) from error


def _parse_cursor(topic: str, offset: int, value: bytes | None) -> Cursor:
    try:
        cursor = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        cursor = None
    if not isinstance(cursor, dict):
        raise ContractError(
            f"{topic}/0 offset {offset} is not a cursor: {(value or b'')[:80]!r}",
            "someone else wrote there; bin/kafka-console-consumer shows it",
        )
    return cursor
