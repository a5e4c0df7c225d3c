"""What a person reads when Kafka is not there: the address, and the way out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from weir.errors import PublishError, Unavailable, WeirError
from weir.kafka import admin, offsets
from weir.kafka.limits import fetch_limit_bytes
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.transactional import TransactionalPublisher
from weir.settings import Settings


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings that lead to a port where nobody listens."""
    monkeypatch.setattr(offsets, "ASK_SECONDS", 0.5)
    monkeypatch.setattr(admin, "ASK_SECONDS", 0.5)
    monkeypatch.setattr("weir.kafka.limits.ASK_SECONDS", 0.5)
    monkeypatch.setattr("weir.kafka.diagnose.ASK_SECONDS", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        yield Settings(_env_file=None, home=tmp_path, kafka_bootstrap=f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    "ask",
    [
        lambda settings: list(read_range(settings, "news")),
        lambda settings: admin.apply(settings),
        lambda settings: admin.check(settings),
        lambda settings: admin.fetch_actual(settings),
        lambda settings: TransactionalPublisher(settings, "crier").start(),
        lambda settings: fetch_limit_bytes(settings, "news"),
    ],
)
def test_every_question_to_kafka_ends_soon_and_names_the_address(
    away: Settings, ask: Callable[[Settings], object]
) -> None:
    """Hanging for ever, or 'Local: Broker transport failure', help nobody."""
    with pytest.raises(Unavailable) as refused:
        ask(away)
    assert f"Kafka does not answer at {away.kafka_bootstrap}" in refused.value.what
    assert "weir status" in refused.value.hint


def test_a_message_that_is_not_confirmed_in_time_is_an_error_that_says_why(
    away: Settings,
) -> None:
    """The producer stops by itself; what was not confirmed never counts as sent."""
    producer = ConfirmedProducer(away, delivery_seconds=1.0)
    producer.send("news", b"a")
    with pytest.raises(PublishError) as refused:
        producer.flush()
    assert isinstance(refused.value, WeirError)
    assert refused.value.what.startswith("publishing to news failed: ")
    assert f"no broker answers at {away.kafka_bootstrap}" in refused.value.what
    assert producer.confirmed == 0


def test_memory_stays_bounded_while_kafka_is_away(
    away: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that goes on sending must be stopped, not collected in memory."""
    monkeypatch.setattr(
        "weir.kafka.producer.PUBLISHING", {"queue.buffering.max.messages": 100, "linger.ms": 5}
    )
    producer = ConfirmedProducer(away, delivery_seconds=1.0)
    sent = 0

    def send_for_ever() -> None:
        nonlocal sent
        for sent in range(100_000):  # noqa: B007 - read after the error
            producer.send("news", b"a")

    with pytest.raises(PublishError):
        send_for_ever()
    assert sent <= 200
