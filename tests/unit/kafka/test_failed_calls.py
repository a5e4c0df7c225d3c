"""What a failed call to Kafka means: a wrong setting ends the program, silence is waited for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException

from weir.errors import PublishError, SettingError, Unavailable
from weir.kafka.client import failed
from weir.kafka.identity import fetch_identity
from weir.kafka.limits import fetch_limit_bytes
from weir.kafka.transactional import TransactionalPublisher
from weir.settings import Settings

NO = KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (NO, "lacks a right"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "lacks a right"),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, "lacks a right"),
        (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "lacks a right"),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "weir topics apply"),
    ],
)
def test_what_kafka_refuses_is_not_waited_for(settings: Settings, code: int, hint: str) -> None:
    """A stream that waits for a right looks alive, for ever."""
    error = failed(settings, KafkaException(KafkaError(code)), "settings of news")
    assert isinstance(error, SettingError)
    assert "settings of news" in error.what
    assert hint in error.hint


@pytest.mark.parametrize("code", [KafkaError._TRANSPORT, KafkaError._TIMED_OUT])
def test_a_kafka_that_does_not_answer_is_waited_for(settings: Settings, code: int) -> None:
    """It comes back."""
    assert isinstance(failed(settings, KafkaError(code)), Unavailable)
    assert isinstance(failed(settings, KafkaException("no code")), Unavailable)


@pytest.mark.parametrize("ask", [fetch_limit_bytes, fetch_identity])
def test_a_question_without_the_right_to_ask_it_says_so(
    settings: Settings, ask: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every question at the start of a stream."""

    def refuse(*_: object, **__: object) -> object:
        raise KafkaException(KafkaError(NO))

    admin = SimpleNamespace(describe_configs=refuse, describe_cluster=refuse)
    for module in ("limits", "identity"):
        monkeypatch.setattr(f"weir.kafka.{module}.admin_client", lambda _: admin)
    with pytest.raises(SettingError, match="news"):
        ask(settings, "news")  # type: ignore[operator]


def test_a_takeover_in_the_middle_of_a_commit_is_called_one(settings: Settings) -> None:
    """The call itself says "fatal error"; a person would look for a broker that is away."""
    publisher = TransactionalPublisher(settings, "news")
    for code in (KafkaError._FENCED, KafkaError._ALL_BROKERS_DOWN):
        publisher._last_error(KafkaError(code))
    with pytest.raises(PublishError, match="took over"):
        publisher._raise_failure(KafkaException(KafkaError(KafkaError._FATAL)), [])
