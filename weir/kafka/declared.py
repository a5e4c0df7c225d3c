"""`include/topics.yaml` as frozen values, with the derived `<topic>.dlq` and `<name>.progress`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

from weir.errors import SettingError
from weir.settings import REPO

TOPICS_FILE: Final = REPO / "include" / "topics.yaml"

CONFIG_NAMES: Final = {
    "cleanup": "cleanup.policy",
    "max_message_bytes": "max.message.bytes",
    "retention_ms": "retention.ms",
    "segment_bytes": "segment.bytes",
    "timestamp": "message.timestamp.type",
}
OTHER_NAMES: Final = {
    "partitions",
    "key",
    "value",
    "dead_letters",
    "progress",
    "writers",
    "readers",
}
DLQ_SUFFIX: Final = ".dlq"
PROGRESS_SUFFIX: Final = ".progress"


class Topic(StrEnum):
    """The declared topics that code speaks of; a test keeps them equal to topics.yaml."""

    WIKIMEDIA_EVENTS = "wikimedia_events"
    PROMO_CAMPAIGNS = "promo-campaigns"
    PROMO_WAKEUPS = "promo-wakeups"
    PROMO_NOTIFICATIONS = "promo-notifications"

    @property
    def dlq(self) -> str:
        """The topic of its dead letters."""
        return dlq_of(self)


def dlq_of(topic: str) -> str:
    """The dead-letter topic of a topic."""
    return topic + DLQ_SUFFIX


def progress_of(name: str) -> str:
    """The compacted cursor topic of a transactional publisher."""
    return name + PROGRESS_SUFFIX


@dataclass(frozen=True, kw_only=True)
class TopicDeclaration:
    """What a topic must be. Replication is not here: it follows from the number of brokers."""

    name: str
    partitions: int
    config: Mapping[str, str]
    key: str
    value: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.partitions, bool) or not isinstance(self.partitions, int):
            raise SettingError(f"{self.name}: partitions is {self.partitions!r}, not a number")
        if self.partitions < 1:
            raise SettingError(f"{self.name}: partitions is {self.partitions}; give 1 or more")


def load_topics(path: Path = TOPICS_FILE) -> dict[str, TopicDeclaration]:
    """Every declared and derived topic by name. Raises SettingError that names the bad entry."""
    document = yaml.safe_load(path.read_text())
    topics: dict[str, TopicDeclaration] = {}
    for name, entry in document["topics"].items():
        _refuse_unknown_names(name, entry)
        for topic in _with_derived(name, entry, document):
            if topic.name in topics:
                raise SettingError(f"{path.name}: {topic.name} is declared twice")
            topics[topic.name] = topic
    for publisher in document.get("publishers", ()):
        progress = _progress(publisher, document)
        topics[progress.name] = progress
    return topics


def _refuse_unknown_names(name: str, entry: Mapping[str, Any]) -> None:
    unknown = sorted(set(entry) - OTHER_NAMES - set(CONFIG_NAMES))
    if unknown:
        known = ", ".join(sorted(OTHER_NAMES | set(CONFIG_NAMES)))
        raise SettingError(f"{name}: unknown field {unknown[0]!r}", f"known: {known}")
    missing = sorted({"partitions", "key", "value", "writers", "readers"} - set(entry))
    if missing:
        raise SettingError(f"{name}: {missing[0]} is missing")


def _with_derived(
    name: str, entry: Mapping[str, Any], document: Mapping[str, Any]
) -> list[TopicDeclaration]:
    defaults = document["defaults"]
    writers, readers = tuple(entry["writers"]), tuple(entry["readers"])
    topics = [
        TopicDeclaration(
            name=name,
            partitions=entry["partitions"],
            config=_config(defaults, entry),
            key=entry["key"],
            value=entry["value"],
            writers=writers,
            readers=readers,
        )
    ]
    if entry.get("dead_letters"):
        derived = document["dead_letter"]
        topics.append(
            TopicDeclaration(
                name=dlq_of(name),
                partitions=derived["partitions"],
                config=_config(defaults, derived),
                key="as the original",
                value="the original bytes; reason and coordinates in headers",
                writers=writers + readers,
                readers=("weir dlq",),
            )
        )
    topics += [_progress(publisher, document) for publisher in entry.get("progress", ())]
    return topics


def _progress(publisher: str, document: Mapping[str, Any]) -> TopicDeclaration:
    derived = document["progress"]
    return TopicDeclaration(
        name=progress_of(publisher),
        partitions=derived["partitions"],
        config=_config(document["defaults"], derived),
        key=publisher,
        value="cursor of the newest transaction (JSON)",
        writers=(publisher,),
        readers=(publisher,),
    )


def _config(defaults: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, str]:
    merged = {**defaults, **entry}
    return {CONFIG_NAMES[name]: str(merged[name]) for name in CONFIG_NAMES if name in merged}
