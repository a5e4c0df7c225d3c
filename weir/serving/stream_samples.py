"""State, lag and health of streams and sources as samples. Pure: reports in, samples out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from weir.ops.health import Health
from weir.ops.health_reads import Report
from weir.ops.lag import Lags, TopicLag
from weir.serving.metric_names import Metric
from weir.serving.metrics import Sample


def report_samples(reports: Iterable[Report]) -> Iterator[Sample]:
    """Per stream what it does, all that holds of its health, and its restarts."""
    for report in reports:
        stream = report.state.stream
        yield Sample(Metric.STREAM_STATE, (stream, report.state.observed), 1)
        yield Sample(Metric.STREAM_RESTARTS, (stream,), report.restarts)
        for finding in report.findings:
            yield Sample(Metric.STREAM_HEALTH, (stream, finding.health.value), 1)


def source_samples(sources: Mapping[str, Health]) -> Iterator[Sample]:
    """Per collector its health."""
    for source, health in sources.items():
        yield Sample(Metric.SOURCE_HEALTH, (source, health.value), 1)


def lag_samples(lags: Lags) -> Iterator[Sample]:
    """Per stream, query and topic (and partition) what is known; what is unknown is absent."""
    for stream, topics in lags.by_stream.items():
        for lag in topics:
            yield from _of_topic(stream, lag)


def _of_topic(stream: str, lag: TopicLag) -> Iterator[Sample]:
    labels = (stream, lag.query, lag.topic)
    yield Sample(Metric.STREAM_LAG, labels, lag.messages)
    yield Sample(Metric.STREAM_LOST, labels, lag.lost)
    if lag.seconds is not None:
        yield Sample(Metric.STREAM_LAG_SECONDS, labels, lag.seconds)
    left = lag.seconds_left if lag.messages else lag.retention_seconds
    if left is not None:
        yield Sample(Metric.STREAM_RETENTION_LEFT, labels, left)
    for part in lag.partitions:
        numbered = (*labels, str(part.partition))
        yield Sample(Metric.PARTITION_LAG, numbered, part.messages)
        if part.seconds is not None:
            yield Sample(Metric.PARTITION_LAG_SECONDS, numbered, part.seconds)
