"""Prometheus metrics: requests are counted here, everything else is read when Prometheus asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from weir.serving.metric_names import DECLARED, Metric


class Sample(NamedTuple):
    """One value of one metric; labels in the order of its declaration."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


class RequestMetrics:
    """What the API counts about itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(*_declaration(Metric.HTTP_REQUESTS), registry=registry)
        self.seconds = Histogram(*_declaration(Metric.HTTP_SECONDS), registry=registry)
        self.served = Counter(*_declaration(Metric.STATS_SERVED), registry=registry)


class FeedbackMetrics:
    """What the API counts about answers of subscribers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.answers = Counter(*_declaration(Metric.PROMO_ANSWERS), registry=registry)


class ReadAtScrape(Collector):
    """Turns samples, read anew at each scrape, into metric families."""

    def __init__(self, read: Callable[[], Iterable[Sample]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Family]:
        """Every declared metric that has a sample now. One without is absent, not zero."""
        yield from families(self._read())

    def describe(self) -> Iterator[Family]:
        """Nothing: registering must not read."""
        yield from ()


def families(samples: Iterable[Sample]) -> list[Family]:
    """Samples grouped by metric, in the order of the declaration."""
    by_metric: dict[Metric, list[Sample]] = {}
    for sample in samples:
        by_metric.setdefault(sample.metric, []).append(sample)
    return [_family(metric, by_metric[metric]) for metric in DECLARED if metric in by_metric]


def _family(metric: Metric, samples: Sequence[Sample]) -> Family:
    name, documentation, labels = _declaration(metric)
    kinds: Mapping[str, type[GaugeMetricFamily] | type[CounterMetricFamily]] = {
        "gauge": GaugeMetricFamily,
        "counter": CounterMetricFamily,
    }
    family = kinds[DECLARED[metric].kind](name, documentation, labels=labels)
    for sample in samples:
        family.add_metric(list(sample.labels), sample.value)
    return family


def _declaration(metric: Metric) -> tuple[str, str, tuple[str, ...]]:
    declared = DECLARED[metric]
    return metric.value, declared.help, declared.labels
