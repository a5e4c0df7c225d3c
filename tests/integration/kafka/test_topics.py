"""Creating and checking topics on a real broker."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from tests.support.topics import create_topic
from weir.errors import ContractError
from weir.kafka.admin import apply, check, differences, fetch_actual
from weir.kafka.declared import TopicDeclaration
from weir.settings import Settings

pytestmark = pytest.mark.platform


def declared(*, partitions: int = 2, **config: str) -> TopicDeclaration:
    return TopicDeclaration(
        name=f"test-{uuid.uuid4().hex[:12]}",
        partitions=partitions,
        config={name.replace("_", "."): value for name, value in config.items()},
        key="",
        value="",
        writers=(),
        readers=(),
    )


def by_name(*declarations: TopicDeclaration) -> dict[str, TopicDeclaration]:
    return {declaration.name: declaration for declaration in declarations}


def test_missing_topics_are_created_as_declared_and_a_second_apply_changes_nothing(
    platform: Settings,
) -> None:
    """Every start of the platform applies the declaration."""
    wanted = by_name(
        declared(retention_ms="5000", max_message_bytes="70000"), declared(cleanup_policy="compact")
    )
    assert apply(platform, wanted) == sorted(wanted)
    assert differences(platform, wanted) == []
    assert apply(platform, wanted) == []
    first = next(iter(wanted.values()))
    shape = fetch_actual(platform, wanted)[first.name]
    assert (shape.partitions, shape.config["retention.ms"]) == (2, "5000")


def test_a_dry_run_creates_nothing(platform: Settings) -> None:
    """It only says what would be created."""
    wanted = by_name(declared())
    assert apply(platform, wanted, dry_run=True) == sorted(wanted)
    assert fetch_actual(platform, wanted) == {}


def test_a_topic_that_differs_is_named_and_nothing_is_created_or_altered(
    platform: Settings,
) -> None:
    """Partitions decide which key goes where: growing them behind people's backs breaks order."""
    existing, missing = declared(partitions=2, retention_ms="5000"), declared()
    create_topic(platform, existing.name, 3, retention_ms="6000")
    wanted = by_name(existing, missing)
    with pytest.raises(ContractError) as refused:
        apply(platform, wanted)
    assert f"{existing.name}: partitions is 3, declared 2" in refused.value.what
    assert f"{existing.name}: retention.ms is 6000, declared 5000" in refused.value.what
    assert missing.name not in refused.value.what
    assert list(fetch_actual(platform, wanted)) == [existing.name]
    assert fetch_actual(platform, wanted)[existing.name].partitions == 3


def test_a_check_names_missing_topics_and_the_way_out(platform: Settings) -> None:
    """The commonest difference on a new cluster has a one-command answer."""
    missing = declared()
    with pytest.raises(ContractError, match=f"{missing.name} does not exist") as refused:
        check(platform, by_name(missing))
    assert refused.value.hint == "weir topics apply"


def test_the_platform_has_every_shipped_topic_as_declared(platform: Settings) -> None:
    """What `weir up` made is what include/topics.yaml says, on this Kafka version too."""
    check(platform)


def test_replication_that_the_cluster_cannot_give_is_an_error_that_names_the_topic(
    platform: Settings,
) -> None:
    """Three replicas on one broker fail at creation, not at the first lost broker."""
    if platform.kafka_brokers == 3:
        pytest.fail("run this test on a platform of one broker")
    topic = declared()
    three = platform.model_copy(update={"kafka_brokers": 3, "kafka_bootstrap": ""})
    with pytest.raises(Exception, match=f"topic {topic.name} cannot be created") as refused:
        apply(three, by_name(replace(topic)))
    assert "eplication" in str(refused.value)
