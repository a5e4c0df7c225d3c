"""The stream of recommendations of a test's own on the real cluster: topics, database, driver."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.drivers import processes_with
from tests.support.eventually import eventually
from tests.support.market_shelf import Shelf
from tests.support.stores import own_database
from tests.support.topics import create_topic, fresh_topic
from weir.contracts.recommendation import Request
from weir.contracts.search_event import SearchEvent, search_json, search_key
from weir.kafka.declared import dlq_of
from weir.kafka.offsets import end_offsets
from weir.kafka.producer import ConfirmedProducer
from weir.market.recommend_ask import Asker, new_request
from weir.ops import desired, lease
from weir.ops.launch import kill_driver, submit
from weir.ops.master import WAITING, fetch_master
from weir.ops.streams import RecommendSpec, parse_stream
from weir.settings import Settings
from weir.store.postgres import connect

PATIENCE_SECONDS = 180.0
SPEC: dict[str, Any] = {
    "job": "market_recommend",
    "source": "market",
    "trigger_ms": 100,
    "max_offsets_per_trigger": 2000,
    "max_refusal_share": 1,
    "resources": {
        "driver_memory_mb": 640,
        "executor_memory_mb": 512,
        "executor_cores": 2,
        "shuffle_partitions": 1,
    },
    "restarts": {"max": 1000, "within_minutes": 10},
    "probe_seconds": 5,
}


class RecommendStream:
    """Starts and breaks drivers, plays clients that search and ask, and reads what came of it."""

    def __init__(self, settings: Settings, spec: RecommendSpec, shelf: Shelf) -> None:
        self.settings = settings
        self.spec = spec
        self.shelf = shelf
        self.token = ""
        self._submitted: list[str] = []
        self._producer = ConfirmedProducer(settings)
        lease.ensure_stream(shelf.pg, spec.name)

    def asker(self) -> Asker:
        """A connection of somebody who asks; use it as a context."""
        return Asker(self.settings, requests=self.spec.topic, answers=self.spec.answers_topic)

    def start(self) -> None:
        """Want it, submit a driver, and do not wait."""
        desired.want_run(self.shelf.pg, self.spec.name, "test")
        self.token = uuid.uuid4().hex
        self._submitted.append(submit(self.settings, self.spec, self.token))

    def wait_until_it_answers(self, asker: Asker) -> None:
        """Ask until there is an answer: a driver takes a while to start."""
        eventually(
            lambda: asker.ask(self.request(patience_seconds=1.0)),
            lambda answer: answer is not None,
            within_seconds=PATIENCE_SECONDS,
        )

    def request(self, **words: Any) -> Request:
        return new_request(**{"patience_seconds": 20.0} | words)

    def search(self, *searches: SearchEvent) -> None:
        for search in searches:
            self.send(self.spec.searches_topic, search_json(search), key=search_key(search))

    def send(self, topic: str, *values: bytes | None, key: bytes | None = None) -> None:
        """Clients send anything."""
        for value in values:
            self._producer.send(topic, value, key=key)
        self._producer.flush()

    def kill(self) -> None:
        """kill -9 of both processes of the driver; Spark relaunches it."""
        found = processes_with(self.token)
        assert {"jvm", "python"} <= found.keys(), found
        for process in (found["jvm"], found["python"]):
            os.kill(process, signal.SIGKILL)

    def wait_until_counted(self) -> None:
        """Wait until the ledger is at the end of the searches."""
        ends = dict(end_offsets(self.settings, self.spec.searches_topic))
        query = (
            "select partition, next_offset from ops.query_offset"
            f" where topic = '{self.spec.searches_topic}' order by 1"
        )
        eventually(
            lambda: dict(self.shelf.rows(query)),
            lambda stands: stands == ends,
            within_seconds=PATIENCE_SECONDS,
        )

    def end(self) -> None:
        """Kill every driver of this stream."""
        desired.want_drained(self.shelf.pg, self.spec.name, "test", "the test is over")
        drivers = fetch_master(self.settings).drivers
        for driver_id in self._submitted:
            if drivers.get(driver_id) in WAITING:
                kill_driver(self.settings, driver_id)


@contextmanager
def recommend_stream(platform: Settings, folder: Path, **changes: Any) -> Iterator[RecommendStream]:
    """A stream over fresh topics and a fresh database; no driver yet."""
    topics = {
        "topic": fresh_topic(platform, partitions=3),
        "searches_topic": fresh_topic(platform, partitions=3),
        "answers_topic": fresh_topic(platform, partitions=3),
    }
    for topic in (topics["topic"], topics["searches_topic"]):
        create_topic(platform, dlq_of(topic), max_message_bytes="12582912")
    spec = parse_stream(f"recommend_{uuid.uuid4().hex[:10]}", SPEC | topics | changes)
    assert isinstance(spec, RecommendSpec)
    with (
        own_database(platform, folder) as settings,
        connect(settings.dsn_file, application_name="test") as pg,
    ):
        stream = RecommendStream(settings, spec, Shelf(pg))
        try:
            yield stream
        finally:
            stream.end()
