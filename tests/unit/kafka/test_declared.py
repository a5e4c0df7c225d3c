"""The declaration in include/topics.yaml becomes frozen values, or is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.kafka.declared import DLQ_SUFFIX, PROGRESS_SUFFIX, Topic, load_topics

HEADER = """
defaults: {retention_ms: 1000, max_message_bytes: 100, cleanup: delete, timestamp: CreateTime}
dead_letter: {partitions: 1, retention_ms: 2000, max_message_bytes: 900}
progress: {partitions: 1, cleanup: compact, retention_ms: -1}
topics:
  news:
"""
NEWS = "    key: id\n    value: text\n    writers: [crier]\n    readers: [town]\n"


def write(folder: Path, entry: str) -> Path:
    path = folder / "topics.yaml"
    path.write_text(HEADER + entry)
    return path


def test_a_topic_takes_the_defaults_where_it_says_nothing(tmp_path: Path) -> None:
    """A retention that silently differs from the file would delete data."""
    path = write(tmp_path, NEWS + "    partitions: 3\n    retention_ms: 5\n")
    topics = load_topics(path)
    assert list(topics) == ["news"]
    assert (topics["news"].partitions, topics["news"].writers) == (3, ("crier",))
    assert topics["news"].config == {
        "cleanup.policy": "delete",
        "max.message.bytes": "100",
        "retention.ms": "5",
        "message.timestamp.type": "CreateTime",
    }


def test_dead_letters_and_progress_bring_their_own_topics(tmp_path: Path) -> None:
    """A stream must never meet a missing dead-letter topic at its first bad record."""
    entry = NEWS + "    partitions: 3\n    dead_letters: true\n    progress: [crier]\n"
    topics = load_topics(write(tmp_path, entry))
    assert list(topics) == ["news", "news.dlq", "crier.progress"]
    assert topics["news.dlq"].partitions == 1
    assert topics["news.dlq"].config["max.message.bytes"] == "900"
    assert topics["news.dlq"].config["retention.ms"] == "2000"
    assert topics["crier.progress"].config["cleanup.policy"] == "compact"
    assert topics["crier.progress"].config["retention.ms"] == "-1"


def test_a_publisher_into_topics_of_others_has_a_progress_of_its_own(tmp_path: Path) -> None:
    """It belongs to no topic: letters are sent again into all of them."""
    entry = NEWS + "    partitions: 3\npublishers: [town_crier]\n"
    topics = load_topics(write(tmp_path, entry))
    assert list(topics) == ["news", "town_crier.progress"]
    assert topics["town_crier.progress"].config["cleanup.policy"] == "compact"


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (NEWS + "    partitions: 3\n    retension_ms: 5\n", "retension_ms"),
        (NEWS + "    partitions: 0\n", "partitions is 0"),
        (NEWS + "    partitions: three\n", "partitions is 'three'"),
        (NEWS, "partitions is missing"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused_by_name(
    tmp_path: Path, entry: str, named: str
) -> None:
    """Kafka ignores what it does not know; a misspelt setting would pass unseen."""
    with pytest.raises(SettingError, match=named):
        load_topics(write(tmp_path, entry))


def test_a_derived_topic_may_not_take_the_name_of_a_declared_one(tmp_path: Path) -> None:
    """Two declarations of one topic could never both hold."""
    first = NEWS + "    partitions: 1\n    dead_letters: true\n"
    with pytest.raises(SettingError, match=r"news\.dlq is declared twice"):
        load_topics(write(tmp_path, first + "  news.dlq:\n" + NEWS + "    partitions: 1\n"))


def test_code_speaks_of_exactly_the_shipped_topics() -> None:
    """A topic missing in the enum would be spelt by hand somewhere."""
    derived = (DLQ_SUFFIX, PROGRESS_SUFFIX)
    assert {topic for topic in load_topics() if not topic.endswith(derived)} == set(Topic)
    assert Topic.WIKIMEDIA_EVENTS.dlq in load_topics()
