"""Create the declared topics and check that they are as declared; nothing is ever altered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from weir.errors import ContractError, Unavailable, WeirError
from weir.kafka.client import admin_client, code_of, reason_of, unavailable
from weir.kafka.declared import TopicDeclaration
from weir.kafka.shapes import Difference, TopicShape, plan, wanted_shape
from weir.kafka.topics_here import topics_here
from weir.settings import Settings

ASK_SECONDS: Final = 10.0
VISIBLE_SECONDS: Final = 15.0


def replication_for(settings: Settings, brokers_alive: int) -> int:
    """3 on a cluster, 1 on one broker. The local platform's number is a setting, so that a dead
    broker does not change what is declared."""
    if not settings.kafka_bootstrap:
        return settings.kafka_brokers
    return 1 if brokers_alive == 1 else 3


def fetch_actual(settings: Settings, only: Collection[str] | None = None) -> dict[str, TopicShape]:
    """The topics Kafka has (all but internal ones, or `only` these). Raises Unavailable."""
    try:
        return _fetch(admin_client(settings), only)
    except KafkaException as error:
        raise unavailable(settings, reason_of(error)) from error


def _fetch(admin: AdminClient, only: Collection[str] | None) -> dict[str, TopicShape]:
    found = {
        name: topic
        for name, topic in admin.list_topics(timeout=ASK_SECONDS).topics.items()
        if not name.startswith("__") and (only is None or name in only)
    }
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in found]
    answers = admin.describe_configs(resources, request_timeout=ASK_SECONDS) if resources else {}
    configs = {resource.name: answer.result() for resource, answer in answers.items()}
    return {
        name: TopicShape(
            partitions=len(topic.partitions),
            replication=min((len(p.replicas) for p in topic.partitions.values()), default=0),
            config={key: str(entry.value) for key, entry in configs[name].items()},
        )
        for name, topic in found.items()
    }


def fetch_wanted(
    settings: Settings, declarations: Mapping[str, TopicDeclaration] | None = None
) -> dict[str, TopicShape]:
    """The declared topics as this cluster must have them. Raises Unavailable."""
    declared = topics_here(settings) if declarations is None else declarations
    try:
        brokers = len(admin_client(settings).list_topics(timeout=ASK_SECONDS).brokers)
    except KafkaException as error:
        raise unavailable(settings, reason_of(error)) from error
    replication = replication_for(settings, brokers)
    return {name: wanted_shape(topic, replication) for name, topic in declared.items()}


def differences(
    settings: Settings, declarations: Mapping[str, TopicDeclaration] | None = None
) -> list[Difference]:
    """How Kafka differs from the declaration now. Raises Unavailable."""
    wanted = fetch_wanted(settings, declarations)
    return plan(wanted, fetch_actual(settings, wanted))


def check(settings: Settings, declarations: Mapping[str, TopicDeclaration] | None = None) -> None:
    """Raises ContractError that names every difference; Unavailable."""
    _refuse(differences(settings, declarations))


def apply(
    settings: Settings,
    declarations: Mapping[str, TopicDeclaration] | None = None,
    *,
    dry_run: bool = False,
) -> list[str]:
    """Create what is missing; return its names. Running it again changes nothing.

    Raises ContractError before anything is created when an existing topic differs. Ends when
    every new topic is there as declared.
    """
    wanted = fetch_wanted(settings, declarations)
    found = plan(wanted, fetch_actual(settings, wanted))
    _refuse([difference for difference in found if not difference.missing])
    missing = [difference.topic for difference in found]
    if missing and not dry_run:
        _create(settings, {name: wanted[name] for name in missing})
        _wait_until_visible(settings, wanted)
    return missing


def _refuse(found: list[Difference]) -> None:
    if not found:
        return
    listed = "\n  ".join(str(difference) for difference in found)
    hint = (
        "weir topics apply"
        if all(difference.missing for difference in found)
        else "change the topic with bin/kafka-configs or bin/kafka-topics --alter, "
        "or the declaration in include/topics.yaml; partitions can only grow"
    )
    raise ContractError(f"topics are not as declared:\n  {listed}", hint)


def _create(settings: Settings, topics: Mapping[str, TopicShape]) -> None:
    admin = admin_client(settings)
    futures = admin.create_topics(
        [
            NewTopic(name, shape.partitions, shape.replication, config=dict(shape.config))
            for name, shape in topics.items()
        ],
        operation_timeout=ASK_SECONDS,
    )
    for name, future in futures.items():
        try:
            future.result()
        except KafkaException as error:
            # Another `apply` was faster: the check that follows compares what it made.
            if code_of(error) == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            raise WeirError(
                f"topic {name} cannot be created: {reason_of(error)}", "weir logs kafka"
            ) from error


def _wait_until_visible(settings: Settings, wanted: Mapping[str, TopicShape]) -> None:
    """Brokers learn of a new topic some moments after its creation was confirmed."""
    waiting = Retrying(
        retry=retry_if_result(bool),
        stop=stop_after_delay(VISIBLE_SECONDS),
        wait=wait_fixed(0.1),
    )
    try:
        waiting(lambda: plan(wanted, fetch_actual(settings, wanted)))
    except RetryError as error:
        left = "; ".join(str(difference) for difference in error.last_attempt.result())
        raise Unavailable(f"new topics are not visible yet: {left}", "weir topics check") from error
