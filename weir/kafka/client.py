"""One place for Kafka's address and security, and for the words when it does not answer."""

from __future__ import annotations

import logging
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from weir.clock import Monotonic, monotonic
from weir.errors import SettingError, Unavailable
from weir.kafka.cluster import Cluster, main_cluster
from weir.settings import Settings

RECENT_SECONDS: Final = 60.0
NAMES_WITH_UNDERSCORES: Final = {"error_cb", "log_level", "logger", "on_delivery"}
SILENT: Final = logging.Logger("librdkafka", logging.CRITICAL + 1)  # else it writes to stderr
NO_RIGHT: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
NO_TOPIC: Final = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}
WAY_OUT: Final = "weir status; weir logs kafka; the address is WEIR_KAFKA_BOOTSTRAP"


class LastError:
    """An `error_cb` that remembers the newest client error, so that an exception can tell it.

    librdkafka reports lost connections only here, and goes on trying by itself.
    """

    def __init__(self, clock: Monotonic = monotonic) -> None:
        self._clock = clock
        self._text = ""
        self._seen_at = 0.0
        self.codes: set[int] = set()  # all that there were: a fatal one is followed by others

    def __call__(self, error: KafkaError) -> None:
        self._text, self._seen_at = error.str(), self._clock()
        self.codes.add(error.code())

    @property
    def text(self) -> str:
        """The error's words; empty when it is older than a minute and explains nothing."""
        return self._text if self._clock() - self._seen_at < RECENT_SECONDS else ""


def kafka_options(
    settings: Settings, *, cluster: Cluster | None = None, **more: Any
) -> dict[str, Any]:
    """Options of a librdkafka client; `isolation_level=...` becomes `isolation.level`.

    They may hold a password: hand them to a client, show them nowhere. The library's own lines
    go nowhere: what matters reaches a person through exceptions.
    """
    options: dict[str, Any] = {
        **(cluster or main_cluster(settings)).client_options(),
        "client.id": "weir",
        "log_level": 2,
        "logger": SILENT,
        "reconnect.backoff.max.ms": 1000,  # the default of 10 s delays recovery after a restart
    }
    return options | {_option_name(name): value for name, value in more.items()}


def _option_name(name: str) -> str:
    return name if name in NAMES_WITH_UNDERSCORES else name.replace("_", ".")


def unavailable(settings: Settings, detail: str) -> Unavailable:
    """The error of every call that Kafka did not answer."""
    return Unavailable(f"Kafka does not answer at {settings.bootstrap}: {detail}", WAY_OUT)


def failed(
    settings: Settings, error: KafkaException | KafkaError, detail: str = ""
) -> SettingError | Unavailable:
    """The error of a failed call: a SettingError where Kafka said no: waiting changes nothing."""
    code = error.code() if isinstance(error, KafkaError) else code_of(error)
    reason = error.str() if isinstance(error, KafkaError) else reason_of(error)
    said = f"{detail}: {reason}" if detail else reason
    if code in NO_RIGHT:
        return SettingError(
            f"Kafka at {settings.bootstrap} refuses: {said}",
            "its user lacks a right; docs/security.md lists those that are needed",
        )
    if code in NO_TOPIC:
        return SettingError(
            f"Kafka at {settings.bootstrap} does not have it: {said}",
            "weir topics apply; on a company's cluster its owner makes the topic",
        )
    return unavailable(settings, said)


def reason_of(error: BaseException) -> str:
    """The words of a Kafka exception without its number and brackets."""
    if isinstance(error, KafkaException) and error.args and isinstance(error.args[0], KafkaError):
        return error.args[0].str()
    return str(error)


def code_of(error: BaseException) -> int | None:
    """The KafkaError code of an exception; None when it carries none."""
    if isinstance(error, KafkaException) and error.args and isinstance(error.args[0], KafkaError):
        return error.args[0].code()
    return None


def admin_client(settings: Settings) -> AdminClient:
    """An admin client. Hold it in a variable until its futures are done: they die with it."""
    return AdminClient(kafka_options(settings, error_cb=LastError()))
