"""The ledger's offsets as a Kafka consumer group named as the stream, for ordinary lag tools.

A copy for people: the ledger in PostgreSQL decides, nothing reads the group back. Best effort, in
a thread of its own after the transaction; a commit that fails is counted, and the next one says
more. Kafka forgets an empty group after a week, so it is told again every hour.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from weir.kafka.client import kafka_options, reason_of
from weir.settings import Settings

log = structlog.get_logger()
AGAIN_SECONDS: Final = 3600.0


class Committer(Protocol):
    """What is used of a consumer."""

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> object: ...


class GroupCommit(threading.Thread):
    """Commits the newest offsets it was told."""

    def __init__(self, group: str, topic: str, connect: Callable[[], Committer]) -> None:
        super().__init__(name="group-commit", daemon=True)
        self.failures = 0
        self._group = group
        self._topic = topic
        self._connect = connect
        self._committer: Committer | None = None
        self._newest: Mapping[int, int] = {}
        self._told = threading.Event()

    def tell(self, offsets: Mapping[int, int]) -> None:
        """Counted up to here (partition -> next offset). Never waits."""
        self._newest = dict(offsets)
        self._told.set()

    def run(self) -> None:
        while True:
            self._told.wait(AGAIN_SECONDS)
            self._told.clear()
            self.commit_newest()

    def commit_newest(self) -> None:
        """Commit what was told last; a failure is counted and logged when it is the first."""
        places = [TopicPartition(self._topic, p, o) for p, o in sorted(self._newest.items())]
        try:
            self._committer = self._committer or self._connect()
            self._committer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            self.failures += 1
            if self.failures == 1:
                log.warning("group not committed", group=self._group, error=reason_of(error))


def group_consumer(settings: Settings, group: str) -> Committer:
    """A consumer that never joins nor reads: it only commits for its group."""
    return Consumer(
        kafka_options(
            settings,
            group_id=group,
            enable_auto_commit=False,
            enable_auto_offset_store=False,
        )
    )
