"""A probe travels like a message, is timed, and is never counted."""

from __future__ import annotations

import json
import threading

import pyarrow as pa
import pytest

from spark_jobs.lib.prober import Prober, without_probes
from tests.support.stream_specs import wikimedia_spec
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.kafka.record import is_probe
from weir.ops.probe import probe_key, sent_ms_of

SENT_MS = 1_795_333_916_376


def counted(*keys: str) -> pa.Table:
    return pa.table({"key": pa.array(keys, pa.string()), "messages": [1] * len(keys)})


def test_a_probe_is_a_message_the_stream_can_parse():
    """One that is refused would measure nothing and fill the dead letters."""
    log = MemoryLog()
    spec = wikimedia_spec("s", probe_seconds=15)
    Prober(spec, lambda: MemoryPublisher(log), threading.Event()).send(SENT_MS)
    (record,) = log.of("wikimedia_events")
    key = "weir.probe:s:1795333916376"
    assert (record.key, record.timestamp_ms) == (key.encode(), SENT_MS)
    assert json.loads(record.value) == {
        "meta": {"domain": key, "dt": "2026-11-22T07:51:56.376+00:00"}
    }
    assert is_probe(record.key)


def test_a_probe_may_go_to_a_topic_of_our_own():
    """Where the stream reads from a company, whose topic is not ours to fill."""
    log = MemoryLog()
    spec = wikimedia_spec("s", probe_seconds=15)
    Prober(spec, lambda: MemoryPublisher(log), threading.Event(), topic="ours").send(SENT_MS)
    (record,) = log.records
    assert (record.topic, record.key, record.value) == (
        "ours",
        b"weir.probe:s:1795333916376",
        b"{}",
    )


def test_probes_are_taken_out_and_the_oldest_is_timed():
    """Two probes in a batch mean that it is late."""
    mine = [probe_key("s", SENT_MS + 15_000), probe_key("s", SENT_MS)]
    table, sent_ms = without_probes(counted("a.org", *mine, "b.org"), "s")
    assert (table["key"].to_pylist(), sent_ms) == (["a.org", "b.org"], SENT_MS)


def test_the_probe_of_another_stream_is_not_counted_and_not_timed():
    """Two streams may read one topic."""
    table, sent_ms = without_probes(counted("a.org", probe_key("other", SENT_MS)), "s")
    assert (table["key"].to_pylist(), sent_ms) == (["a.org"], None)


@pytest.mark.parametrize("key", ["weir.probe:", "weir.probe:s:x", "weir.probe:s:1:2", "weir.prob"])
def test_a_key_that_only_looks_like_a_probe_counts(key):
    """Nothing may vanish because of its name."""
    table, sent_ms = without_probes(counted(key), "s")
    assert (table["key"].to_pylist(), sent_ms) == ([key], None)
    assert sent_ms_of("s", key) is None


def test_a_batch_without_messages_has_no_probe():
    """An empty table has no first row."""
    table, sent_ms = without_probes(counted(), "s")
    assert (table.num_rows, sent_ms) == (0, None)


def test_a_probe_that_cannot_be_sent_ends_nothing():
    """Kafka away must not take the driver along."""
    stop, tries = threading.Event(), []

    def connect():
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        publisher = MemoryPublisher(MemoryLog())
        publisher.failure = "Kafka is away"
        return publisher

    prober = Prober(wikimedia_spec("s", probe_seconds=0.001), connect, stop)
    prober.start()
    prober.join(10)
    assert not prober.is_alive()
    assert len(tries) == 3
