"""Asks the stream for recommendations and waits for the answer, for any number of askers at once.

One consumer reads the answers of all and hands each to whoever waits for its correlation id. It
is placed at the end of the topic before the first request leaves, so no answer is missed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from types import TracebackType
from typing import Final

import structlog
from confluent_kafka import Consumer, TopicPartition

from weir.clock import Clock, utc_now
from weir.contracts.recommendation import (
    Answer,
    Refusal,
    Request,
    parse_answer,
    parse_request,
    request_json,
    request_key,
)
from weir.errors import SettingError, WeirError
from weir.kafka.client import kafka_options
from weir.kafka.offsets import end_offsets
from weir.kafka.producer import ConfirmedProducer, Publisher
from weir.settings import Settings

log = structlog.get_logger()

REQUESTS: Final = "client-recommendations"
ANSWERS: Final = "recommendations-results"
PATIENCE_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05


def new_request(
    *,
    clock: Clock = utc_now,
    patience_seconds: float = PATIENCE_SECONDS,
    user: str | None = None,
    category: str | None = None,
    max_price: str | None = None,
    currency: str = "RUB",
    limit: int = 10,
) -> Request:
    """A request as of now. Raises SettingError for what the stream would refuse."""
    asked = int(clock().timestamp() * 1000)
    try:
        price = None if max_price is None else Decimal(max_price)
    except InvalidOperation as error:
        raise SettingError(f"{max_price!r} is no price", "for example 29990 or 29990.50") from error
    request = Request(
        correlation_id=str(uuid.uuid4()),
        user=user,
        category=category,
        max_price=price,
        currency=currency,
        limit=limit,
        asked_at_ms=asked,
        deadline_ms=asked + int(patience_seconds * 1000),
    )
    judged = parse_request(request_json(request))
    if isinstance(judged, Refusal):
        raise SettingError(f"{judged.word}: {judged.detail}", "nothing was asked")
    return judged


class Waiting:
    """Who waits for which answer. Its methods may be called by many threads."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[str, tuple[threading.Event, list[Answer]]] = {}

    def expect(self, correlation_id: str) -> Callable[[float], Answer | None]:
        """Begin to wait; a function that waits so many seconds, once, and gives the answer."""
        arrived, found = threading.Event(), list[Answer]()
        with self._lock:
            self._slots[correlation_id] = (arrived, found)

        def wait(seconds: float) -> Answer | None:
            arrived.wait(max(0.0, seconds))
            with self._lock:
                del self._slots[correlation_id]
            return found[0] if found else None

        return wait

    def hand(self, key: bytes | None, value: bytes | None) -> None:
        """A record from the topic: the first answer of its id, if somebody waits and in time."""
        with self._lock:
            slot = self._slots.get((key or b"").decode(errors="replace"))
        if slot is None or value is None:
            return
        try:
            answer = parse_answer(value)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("no answer of ours", key=key, error=str(error))
            return
        if self._clock().timestamp() * 1000 <= answer.deadline_ms:
            slot[1].append(answer)
            slot[0].set()


class Asker:
    """A connection to the stream. Use it as a context; `ask` may be called by many threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        requests: str = REQUESTS,
        answers: str = ANSWERS,
        clock: Clock = utc_now,
    ) -> None:
        self._settings = settings
        self._requests = requests
        self._answers = answers
        self._clock = clock
        self._waiting = Waiting(clock)
        self._stop = threading.Event()
        self._publisher: Publisher = ConfirmedProducer(settings)
        self._sending = threading.Lock()
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Asker:
        """Begin to read answers. Raises Unavailable."""
        ends = end_offsets(self._settings, self._answers)
        consumer = Consumer(
            kafka_options(
                self._settings,
                group_id="weir-unused",
                enable_auto_commit=False,
                enable_auto_offset_store=False,
                fetch_wait_max_ms=10,
            )
        )
        consumer.assign([TopicPartition(self._answers, p, end) for p, end in ends.items()])
        self._reader = threading.Thread(
            target=self._read, args=(consumer,), name="answers", daemon=True
        )
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._reader is not None:
            self._reader.join()

    def ask(self, request: Request) -> Answer | None:
        """The answer, or None when none came before the deadline. Raises PublishError."""
        wait = self._waiting.expect(request.correlation_id)
        try:
            self.send(request)
        except WeirError:
            wait(0.0)
            raise
        return wait(request.deadline_ms / 1000 - self._clock().timestamp())

    def send(self, request: Request) -> None:
        """Only ask; returns when Kafka has the request. Raises PublishError."""
        with self._sending:
            self._publisher.send(self._requests, request_json(request), key=request_key(request))
            self._publisher.flush()

    def _read(self, consumer: Consumer) -> None:
        while not self._stop.is_set():
            for message in consumer.consume(100, POLL_SECONDS):
                if message.error() is None:
                    self._waiting.hand(message.key(), message.value())
        consumer.close()
