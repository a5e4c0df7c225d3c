"""What the queries over several topics have in common: letters, and a connection that was lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from spark_jobs.lib import topics
from spark_jobs.lib.control import Control
from spark_jobs.lib.topics import Begun, begin_topics, topics_options
from spark_jobs.lib.topics_batch import TopicsBatch
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.kafka.record import Message
from weir.ops.inputs import Beginning
from weir.settings import Settings


class Batch(TopicsBatch):
    """Reads and publishes in memory."""

    def __init__(self, driver: Any, begun: Begun) -> None:
        super().__init__(driver, "count", begun, {})
        self.log = MemoryLog()
        self.prepared: list[object] = []

    def _prepare(self, connection: Any) -> None:
        self.prepared.append(connection)

    def _read(
        self, topic: str, start: Mapping[int, int], end: Mapping[int, int]
    ) -> Iterator[Message]:
        for offset in range(start[0], end[0]):
            yield Message(topic, 0, offset, b"k", topic.encode(), (), 0)

    def _publish(self) -> Any:
        return MemoryPublisher(self.log)


def driver_of(folder: Path) -> Any:
    """Its connections are numbers 0, 1, 2 in the shape of one that is open."""
    numbers = iter(range(9))
    file = SimpleNamespace(
        stream="own",
        spec=SimpleNamespace(name="own", topic="first", max_offsets_per_trigger=5),
        settings=Settings(_env_file=None, home=folder),
        checkpoints=folder,
    )
    return SimpleNamespace(
        file=file,
        epoch=1,
        control=Control(),
        connect=lambda: SimpleNamespace(closed=False, number=next(numbers)),
    )


def batch_in(folder: Path) -> Batch:
    incarnations = {"first": "", "second": "anew"}
    stands = {topic: {0: 0} for topic in incarnations}
    return Batch(driver_of(folder), Begun(stands=stands, incarnations=incarnations, folder=folder))


def test_letters_of_each_topic_carry_which_one_of_its_name_it_is(tmp_path: Path) -> None:
    """A topic that was made anew has the same places once more."""
    batch = batch_in(tmp_path)
    refused = {"first": {(0, 3): "odd"}, "second": {(0, 3): "odd"}}
    letters = list(batch._letters(refused))
    assert [each.dedupe_key for each in letters] == ["first/0/3", "second/0/3@anew"]
    assert {each.refused_by for each in letters} == {"own.count"}
    assert [record.topic for record in batch.log.records] == ["first.dlq", "second.dlq"]


def test_nothing_refused_asks_for_no_producer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Kafka may be away meanwhile."""
    batch = batch_in(tmp_path)
    monkeypatch.setattr(batch, "_publish", lambda: pytest.fail("a producer is asked for"))
    assert list(batch._letters({"first": {}})) == []


def test_a_connection_that_failed_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may look open for a quarter of an hour."""
    batch, used = batch_in(tmp_path), []

    def act(connection: Any) -> str:
        used.append(connection.number)
        if len(used) == 1:
            raise psycopg.OperationalError("lost")
        return "done"

    stop = batch._driver.control.fenced
    monkeypatch.setattr(stop, "wait", lambda _seconds: None)
    assert batch._patiently(act) == "done"
    assert batch._patiently(act) == "done"
    assert used == [0, 1, 1]
    assert len(batch.prepared) == 2


def test_after_a_takeover_nothing_is_tried_again(tmp_path: Path) -> None:
    """Another driver works already."""
    batch, tried = batch_in(tmp_path), []
    batch._driver.control.fenced.set()

    def act(connection: Any) -> None:
        tried.append(connection)
        raise psycopg.OperationalError("lost")

    with pytest.raises(psycopg.OperationalError):
        batch._patiently(act)
    assert len(tried) == 1


def test_a_query_begins_each_topic_by_itself_and_reads_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was made anew begins anew, the other goes on."""
    known = {
        "first": Beginning(stands={0: 7}, incarnation=""),
        "second": Beginning(stands={1: 0, 0: 0}, incarnation="anew"),
    }
    monkeypatch.setattr(topics, "begin", lambda _driver, _query, topic, _settings: known[topic])
    driver = driver_of(tmp_path)
    begun = begin_topics(driver, "count", list(known))
    assert begun.stands == {"first": {0: 7}, "second": {0: 0, 1: 0}}
    assert begun.incarnations == {"first": "", "second": "anew"}
    assert begun.folder == tmp_path / "count"
    options = topics_options(driver, driver.file.spec, begun)
    assert options["subscribe"] == "first,second"
    assert options["startingOffsets"] == '{"first": {"0": 7}, "second": {"0": 0, "1": 0}}'
