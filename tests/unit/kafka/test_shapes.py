"""The comparison of topics with their declaration."""

from __future__ import annotations

import pytest

from weir.kafka.admin import replication_for
from weir.kafka.declared import TopicDeclaration
from weir.kafka.shapes import TopicShape, plan, wanted_shape
from weir.settings import Settings

NEWS = TopicShape(partitions=3, replication=1, config={"retention.ms": "1000"})


def test_a_topic_as_declared_has_no_difference_and_others_are_left_alone() -> None:
    """Topics of other systems, and settings nobody declared, are not ours to judge."""
    actual = TopicShape(
        partitions=3, replication=1, config={"retention.ms": "1000", "flush.ms": "9"}
    )
    assert plan({"news": NEWS}, {"news": actual, "foreign": NEWS}) == []


def test_each_difference_is_named_with_both_values() -> None:
    """'Topics differ' would send a person searching."""
    actual = TopicShape(partitions=6, replication=3, config={"retention.ms": "5"})
    assert [str(found) for found in plan({"news": NEWS, "sport": NEWS}, {"news": actual})] == [
        "news: partitions is 6, declared 3",
        "news: replication is 3, declared 1",
        "news: retention.ms is 5, declared 1000",
        "sport does not exist",
    ]


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (3, "2")])
def test_a_cluster_demands_two_replicas_in_sync(replication: int, in_sync: str) -> None:
    """With 3 and 2 one broker may die and nothing confirmed is lost."""
    declaration = TopicDeclaration(
        name="news",
        partitions=3,
        config={"retention.ms": "1000"},
        key="",
        value="",
        writers=(),
        readers=(),
    )
    assert wanted_shape(declaration, replication) == TopicShape(
        partitions=3,
        replication=replication,
        config={"retention.ms": "1000", "min.insync.replicas": in_sync},
    )


@pytest.mark.parametrize(
    ("given", "alive", "replication"),
    [
        ({"kafka_brokers": 3}, 2, 3),
        ({"kafka_brokers": 1}, 1, 1),
        ({"kafka_bootstrap": "kafka:9092"}, 5, 3),
        ({"kafka_bootstrap": "kafka:9092"}, 2, 3),
        ({"kafka_bootstrap": "kafka:9092"}, 1, 1),
    ],
)
def test_a_dead_broker_does_not_change_what_is_declared(
    given: dict[str, object], alive: int, replication: int
) -> None:
    """Else `weir topics check` would blame the topics while a broker restarts."""
    assert replication_for(Settings.model_validate(given), alive) == replication
