"""Options and words of Kafka clients."""

from __future__ import annotations

from confluent_kafka import KafkaError

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
