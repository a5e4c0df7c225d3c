"""Options and words of Kafka clients."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, KafkaError, Producer

from weir.kafka.client import LastError, kafka_options
from weir.settings import Settings


def test_options_are_written_with_underscores_and_read_with_dots() -> None:
    """librdkafka refuses unknown names, so a wrong translation shows at once."""
    options = kafka_options(
        Settings(kafka_bootstrap="kafka:9"),
        isolation_level="read_committed",
        error_cb=print,
        log_level=7,
    )
    assert options["bootstrap.servers"] == "kafka:9"
    assert options["isolation.level"] == "read_committed"
    assert (options["error_cb"], options["log_level"]) == (print, 7)


def test_the_library_writes_no_lines_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    """What it says stands in the exception too, in words that a person can use."""
    options = kafka_options(Settings(kafka_bootstrap="127.0.0.1:9"), log_level=7, debug="all")
    Producer(options).flush(0.2)
    Consumer(options | {"group.id": "none"}).close()
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_an_old_client_error_no_longer_explains_a_new_failure() -> None:
    """'Connection refused' of this morning beside a message that is too large misleads."""
    now = [0.0]
    last = LastError(clock=lambda: now[0])
    assert last.text == ""
    last(KafkaError(KafkaError._TRANSPORT, "connection refused"))
    now[0] = 59.0
    assert last.text == "connection refused"
    now[0] = 61.0
    assert last.text == ""
