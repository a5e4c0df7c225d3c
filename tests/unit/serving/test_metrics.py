"""Metrics are what their declaration says."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from weir.serving.metric_names import DECLARED, Metric
from weir.serving.metrics import ReadAtScrape, Sample


def exposed(samples):
    registry = CollectorRegistry()
    registry.register(ReadAtScrape(lambda: samples))
    return generate_latest(registry).decode().splitlines()


def test_every_metric_is_declared():
    """A name without meaning helps nobody."""
    assert set(DECLARED) == set(Metric)


def test_a_counter_is_called_total_and_nothing_else_is():
    """Prometheus adds the ending to counters by itself, so names would differ."""
    for metric, declared in DECLARED.items():
        assert (declared.kind == "counter") == metric.endswith("_total"), metric


def test_samples_are_shown_with_the_labels_of_their_declaration():
    """Rules match by label."""
    lines = exposed(
        [
            Sample(Metric.STREAM_LAG, ("s", "q", "t"), 7),
            Sample(Metric.COLLECTOR_EVENTS, ("c",), 3),
            Sample(Metric.STREAM_LAG, ("s", "q", "u"), 8),
        ]
    )
    assert [line for line in lines if not line.startswith("#")] == [
        'weir_collector_events_total{collector="c"} 3.0',
        'weir_stream_lag_messages{query="q",stream="s",topic="t"} 7.0',
        'weir_stream_lag_messages{query="q",stream="s",topic="u"} 8.0',
    ]


def test_what_has_no_sample_is_absent_and_not_zero():
    """A lag of zero and an unknown lag are two things."""
    assert exposed([]) == []


def test_samples_are_read_anew_at_each_scrape():
    """An old value would hide a standstill."""
    values = iter([1.0, 2.0])
    registry = CollectorRegistry()
    read = ReadAtScrape(lambda: [Sample(Metric.WIKIMEDIA_DOMAINS, (), next(values))])
    registry.register(read)
    assert registry.get_sample_value(Metric.WIKIMEDIA_DOMAINS) == 1.0
    assert registry.get_sample_value(Metric.WIKIMEDIA_DOMAINS) == 2.0
