"""Bring the platform to what the repository declares: Kafka topics and PostgreSQL's schema.

First everything is compared, then anything is changed: a topic that differs, or a migration that
would fail, ends the run before the first change. Two runs at once: the second waits, and finds
nothing left to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from weir.errors import ContractError
from weir.kafka import admin
from weir.kafka.declared import TopicDeclaration
from weir.kafka.shapes import Difference
from weir.settings import Settings
from weir.store import migrate

Topics = dict[str, TopicDeclaration]


@dataclass(frozen=True, kw_only=True)
class MigrationPlan:
    """What is missing, in the order in which it is made, and what forbids to begin."""

    migrations: tuple[str, ...]
    topics: tuple[str, ...]
    differences: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Everything is as declared."""
        return not (self.migrations or self.topics or self.differences)

    def refuse_differences(self) -> None:
        """Raises ContractError that names every topic that is not as declared."""
        if self.differences:
            raise ContractError(
                "topics are not as declared:\n  " + "\n  ".join(self.differences),
                "nothing was changed; alter the topic with bin/kafka-configs or bin/kafka-topics, "
                "or the declaration in include/topics.yaml; partitions can only grow",
            )

    def lines(self) -> list[str]:
        """The plan for a person's eyes; one thing per line."""
        listed = [f"differs: {difference}" for difference in self.differences]
        listed += [f"migration {name}" for name in self.migrations]
        listed += [f"topic {name}" for name in self.topics]
        return listed or ["nothing to do: schema and topics are as declared"]


def judge_plan(found: list[Difference], pending: list[migrate.Migration]) -> MigrationPlan:
    """Sort what was found: missing topics are made, others must be settled by a person."""
    return MigrationPlan(
        migrations=tuple(migration.file_name for migration in pending),
        topics=tuple(difference.topic for difference in found if difference.missing),
        differences=tuple(str(difference) for difference in found if not difference.missing),
    )


def fetch_plan(
    settings: Settings, *, folder: Path = migrate.MIGRATIONS, topics: Topics | None = None
) -> MigrationPlan:
    """What a run would do now; changes nothing. Raises Unavailable."""
    found = admin.differences(settings, topics)
    return judge_plan(found, migrate.migrate(settings, dry_run=True, folder=folder))


def migrate_platform(
    settings: Settings, *, folder: Path = migrate.MIGRATIONS, topics: Topics | None = None
) -> MigrationPlan:
    """Do what is missing; return what was done. Doing it again does nothing.

    Raises ContractError (a topic differs, all are named) and WeirError (a migration fails) before
    anything is changed; Unavailable.
    """
    with migrate.migration_lock(settings):
        plan = fetch_plan(settings, folder=folder, topics=topics)
        plan.refuse_differences()
        migrate.apply_pending(settings, folder)
        admin.apply(settings, topics)
    return plan
