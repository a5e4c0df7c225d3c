"""Rights in Kafka: each user has what its work needs, and the declaration fits what exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.kafka.declared import load_topics, progress_of
from weir.kafka.principals import Right, load_rights
from weir.ops.streams import load_streams
from weir.settings import Settings

SETTINGS = Settings(_env_file=None)


def written(folder: Path, text: str) -> Path:
    file = folder / "principals.yaml"
    file.write_text(text)
    return file


def may(user: str, operation: str, resource: str = "topic") -> set[str]:
    rights = load_rights(SETTINGS)[user]
    return {r.name for r in rights if (r.resource, r.operation) == (resource, operation)}


def test_a_reader_and_writer_has_these_rights_and_no_other(tmp_path: Path) -> None:
    """Least rights is a list, not an intention."""
    file = written(
        tmp_path,
        """
        kafka:
          a-stream:
            what: an example
            reads: ["{promo_in_topic}"]
            writes: [out]
            groups: [a-stream]
            transactional_ids: [a-stream., one]
        """,
    )
    settings = Settings(_env_file=None, promo_in_topic="their-campaigns")
    user = "a-stream"
    assert load_rights(settings, file)[user] == {
        Right(user, "group", "weir-unused", "describe"),
        Right(user, "topic", "their-campaigns", "read"),
        Right(user, "topic", "their-campaigns", "describe"),
        Right(user, "topic", "out", "write"),
        Right(user, "topic", "out", "describe"),
        Right(user, "topic", "out", "describe_configs"),
        Right(user, "group", "a-stream", "read", prefixed=True),
        Right(user, "group", "a-stream", "describe", prefixed=True),
        Right(user, "transactional_id", "a-stream.", "write", prefixed=True),
        Right(user, "transactional_id", "a-stream.", "describe", prefixed=True),
        Right(user, "transactional_id", "one", "write"),
        Right(user, "transactional_id", "one", "describe"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kafka: {u: {what: x, reeds: [a]}}", "principal u: unknown field 'reeds'"),
        ("kafka: {u: {what: x, reads: ['{no_such}']}}", "principal u: there is no setting"),
    ],
)
def test_a_misspelt_declaration_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    """A right that is silently missing shows as a stopped stream at night."""
    with pytest.raises(SettingError, match=said):
        load_rights(SETTINGS, written(tmp_path, text))


def test_every_stream_has_a_user_that_reads_its_topic_and_writes_its_dead_letters() -> None:
    """A new stream without a user would only start on a plain laptop."""
    streams = load_streams()
    assert streams
    for name, spec in streams.items():
        assert spec.topic in may(name, "read"), name
        assert f"{spec.topic}.dlq" in may(name, "write"), name
        assert name in may(name, "read", "group"), name


def test_every_topic_that_a_user_names_is_declared() -> None:
    """A right for a topic that does not exist hides a misspelling."""
    named = {
        right.name
        for rights in load_rights(SETTINGS).values()
        for right in rights
        if right.resource == "topic" and right.name != "*"
    }
    assert named
    assert named - load_topics().keys() == set()


def test_only_who_operates_may_create_or_alter_anything() -> None:
    """A stream that could change a topic could also lose it."""
    strong = {"all", "create", "alter", "delete", "alter_configs", "cluster_action"}
    able = {
        user
        for user, rights in load_rights(SETTINGS).items()
        if strong & {right.operation for right in rights}
    }
    assert able == {"operator", "airflow"}


def test_a_publisher_owns_its_progress_topic_and_its_transactional_ids() -> None:
    """Two users that may use one id could fence each other."""
    owners: dict[str, set[str]] = {}
    for user, rights in load_rights(SETTINGS).items():
        for right in rights:
            if right.resource == "transactional_id" and right.operation == "write":
                owners.setdefault(right.name, set()).add(user)
    assert {name: users for name, users in owners.items() if len(users) > 1 and name != "*"} == {}
    assert progress_of("wikimedia") in may("collector-wikimedia", "write")
