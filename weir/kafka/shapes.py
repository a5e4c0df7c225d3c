"""What topics are and should be, and the difference, without touching Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from weir.kafka.declared import TopicDeclaration


@dataclass(frozen=True, kw_only=True)
class TopicShape:
    """What can be compared of a topic: as declared for a cluster, or as the brokers have it."""

    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing in which a topic is not as declared. `actual` is None for a missing topic."""

    topic: str
    what: str
    declared: str
    actual: str | None

    @property
    def missing(self) -> bool:
        """The topic is not there at all; `apply` creates it."""
        return self.actual is None

    def __str__(self) -> str:
        if self.missing:
            return f"{self.topic} does not exist"
        return f"{self.topic}: {self.what} is {self.actual}, declared {self.declared}"


def wanted_shape(declaration: TopicDeclaration, replication: int) -> TopicShape:
    """The declaration on a cluster: replication 3 goes with min.insync.replicas 2, 1 with 1."""
    in_sync = {"min.insync.replicas": str(max(1, replication - 1))}
    return TopicShape(
        partitions=declaration.partitions,
        replication=replication,
        config={**declaration.config, **in_sync},
    )


def plan(wanted: Mapping[str, TopicShape], actual: Mapping[str, TopicShape]) -> list[Difference]:
    """Every difference, by topic. Topics and settings that nobody declared are left alone."""
    differences: list[Difference] = []
    for topic, shape in sorted(wanted.items()):
        found = actual.get(topic)
        if found is None:
            differences.append(
                Difference(topic=topic, what="topic", declared="to exist", actual=None)
            )
            continue
        pairs = [
            ("partitions", str(shape.partitions), str(found.partitions)),
            ("replication", str(shape.replication), str(found.replication)),
            *(
                (name, value, found.config.get(name, "unset"))
                for name, value in sorted(shape.config.items())
            ),
        ]
        differences += [
            Difference(topic=topic, what=what, declared=declared, actual=is_now)
            for what, declared, is_now in pairs
            if declared != is_now
        ]
    return differences
