"""The ledger's offsets as a consumer group: best effort, counted, and never in the way."""

from __future__ import annotations

import threading

from confluent_kafka import KafkaError, KafkaException

from spark_jobs.lib.group_commit import GroupCommit


class Broker:
    """Remembers what was committed; refuses while `away`."""

    def __init__(self) -> None:
        self.away = False
        self.committed: list[dict[int, int]] = []
        self.asked = threading.Event()

    def commit(self, *, offsets, asynchronous):
        self.asked.set()
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        self.committed.append({place.partition: place.offset for place in offsets})


def test_the_newest_offsets_are_committed():
    """A lag tool must not see an old position while the stream is idle."""
    broker = Broker()
    group = GroupCommit("s", "t", lambda: broker)
    group.tell({0: 5})
    group.tell({0: 7, 1: 9})
    group.commit_newest()
    assert broker.committed == [{0: 7, 1: 9}]


def test_telling_starts_a_commit_in_the_other_thread():
    """A batch must not wait for Kafka."""
    broker = Broker()
    group = GroupCommit("s", "t", lambda: broker)
    group.start()
    group.tell({0: 5})
    assert broker.asked.wait(10)


def test_a_refused_commit_is_counted_and_the_next_one_works():
    """The ledger decides; a copy for people may be late."""
    broker = Broker()
    broker.away = True
    group = GroupCommit("s", "t", lambda: broker)
    group.tell({0: 5})
    group.commit_newest()
    broker.away = False
    group.tell({0: 6})
    group.commit_newest()
    assert (group.failures, broker.committed) == (1, [{0: 6}])


def test_a_client_that_cannot_be_made_is_a_failed_commit():
    """Everything about the copy is best effort."""

    def connect():
        raise KafkaException(KafkaError(KafkaError._INVALID_ARG))

    group = GroupCommit("s", "t", connect)
    group.tell({0: 5})
    group.commit_newest()
    assert group.failures == 1
