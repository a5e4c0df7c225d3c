"""Lag and health become samples; what is unknown is absent."""

from __future__ import annotations

from weir.ops.health import Health
from weir.ops.lag import Lags, PartitionSeen, TopicSeen, measure
from weir.serving.metric_names import Metric
from weir.serving.metrics import Sample
from weir.serving.stream_samples import lag_samples, source_samples

NOW = 10_000.0


def lags_of(*partitions: PartitionSeen, positions: dict[int, int]) -> Lags:
    seen = TopicSeen(partitions=dict(enumerate(partitions)), retention_seconds=3600.0)
    return Lags(by_stream={"s": (measure("q", "t", positions, seen, NOW),)})


def test_the_lag_is_shown_in_messages_seconds_and_time_left():
    """An alert looks at each of them."""
    lags = lags_of(PartitionSeen(first=2, end=9, waiting_since=NOW - 60), positions={0: 5})
    labels = ("s", "q", "t")
    assert list(lag_samples(lags)) == [
        Sample(Metric.STREAM_LAG, labels, 4),
        Sample(Metric.STREAM_LOST, labels, 0),
        Sample(Metric.STREAM_LAG_SECONDS, labels, 60),
        Sample(Metric.STREAM_RETENTION_LEFT, labels, 3540),
        Sample(Metric.PARTITION_LAG, (*labels, "0"), 4),
        Sample(Metric.PARTITION_LAG_SECONDS, (*labels, "0"), 60),
    ]


def test_a_wait_that_could_not_be_read_is_absent():
    """A zero would say that nothing waits."""
    lags = lags_of(PartitionSeen(first=0, end=9, waiting_since=None), positions={0: 5})
    metrics = [sample.metric for sample in lag_samples(lags)]
    assert metrics == [Metric.STREAM_LAG, Metric.STREAM_LOST, Metric.PARTITION_LAG]


def test_where_nothing_waits_the_whole_retention_is_left():
    """A gauge that vanishes looks like a broken exporter."""
    lags = lags_of(PartitionSeen(first=0, end=9), positions={0: 9})
    left = {s.metric: s.value for s in lag_samples(lags)}[Metric.STREAM_RETENTION_LEFT]
    assert left == 3600


def test_while_kafka_is_away_there_is_no_lag():
    """A lag of zero and an unknown lag are two things."""
    assert list(lag_samples(Lags(trouble="Kafka does not answer"))) == []


def test_a_source_has_one_health():
    """Rules select by label."""
    assert list(source_samples({"wikimedia": Health.SILENT_SOURCE})) == [
        Sample(Metric.SOURCE_HEALTH, ("wikimedia", "silent_source"), 1)
    ]
