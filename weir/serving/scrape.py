"""What one scrape of Prometheus sees: three services looked at, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import structlog

from weir.errors import SettingError, Unavailable
from weir.kafka.declared import load_topics
from weir.serving.metric_names import Metric
from weir.serving.metric_reads import fetch_counted, fetch_samples, lag_samples
from weir.serving.metrics import Sample
from weir.serving.surroundings import messages_behind
from weir.serving.watch import Watch
from weir.store.postgres import connect
from weir.store.wikimedia_cache import NotCached, WikimediaCache
from weir.store.wikimedia_counts import QUERY, STREAM, Offsets

log = structlog.get_logger()

Counted = dict[tuple[str, str], Offsets]


class Scrape:
    """Reads all samples. A service that is away costs its own samples only, and has `up` 0."""

    def __init__(self, dsn_file: Path, cache: WikimediaCache, watch: Watch) -> None:
        self._dsn_file = dsn_file
        self._cache = cache
        self._watch = watch
        self._retention = [
            Sample(Metric.TOPIC_RETENTION, (topic.name,), int(topic.config["retention.ms"]) / 1000)
            for topic in load_topics().values()
            if int(topic.config.get("retention.ms", -1)) >= 0
        ]

    def read(self) -> Iterator[Sample]:
        """Every sample there is now."""
        yield from self._retention
        around = self._watch.seen
        yield _up("kafka", "kafka" not in around.trouble)
        counted: Counted | None = None
        try:
            samples, counted = self._read_postgres()
            yield from samples
            yield from lag_samples(counted, around.ends)
        except (Unavailable, SettingError, psycopg.Error) as error:
            log.warning("postgres not read for metrics", reason=str(error).strip())
        yield _up("postgres", counted is not None)
        yield from self._read_redis(counted)

    def _read_postgres(self) -> tuple[list[Sample], Counted]:
        with connect(
            self._dsn_file,
            application_name="weir:api:metrics",
            connect_timeout_seconds=2,
            statement_timeout="5s",
        ) as connection:
            return list(fetch_samples(connection)), fetch_counted(connection)

    def _read_redis(self, counted: Counted | None) -> Iterator[Sample]:
        try:
            cached = self._cache.offsets()
        except NotCached:
            cached = {}
        except Unavailable as error:
            log.warning("redis not read for metrics", reason=error.what)
            yield _up("redis", False)
            return
        yield _up("redis", True)
        if counted is not None:
            truth = counted.get((STREAM, QUERY), {})
            yield Sample(Metric.CACHE_BEHIND, (), messages_behind(cached, truth))


def _up(service: str, answers: bool) -> Sample:
    return Sample(Metric.SERVICE_UP, (service,), float(answers))
