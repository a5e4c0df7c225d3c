"""What one scrape of Prometheus sees: three services looked at, each by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psycopg
import structlog

from weir.errors import SettingError, Unavailable
from weir.kafka.declared import load_topics
from weir.ops.health_reads import fetch_reports, fetch_sources
from weir.ops.lag_reads import Queries, fetch_positions
from weir.ops.streams import StreamSpec, load_streams
from weir.serving.metric_names import Metric
from weir.serving.metric_reads import fetch_samples
from weir.serving.metrics import Sample
from weir.serving.stream_samples import lag_samples, report_samples, source_samples
from weir.serving.surroundings import messages_behind
from weir.serving.watch import Watch
from weir.settings import Settings
from weir.store.postgres import connect
from weir.store.wikimedia_cache import NotCached, WikimediaCache
from weir.store.wikimedia_counts import QUERY, STREAM

log = structlog.get_logger()


class Scrape:
    """Reads all samples. A service that is away costs its own samples only, and has `up` 0."""

    def __init__(
        self,
        settings: Settings,
        cache: WikimediaCache,
        watch: Watch,
        streams: Iterable[StreamSpec] | None = None,
    ) -> None:
        self._settings = settings
        self._streams = tuple(load_streams().values() if streams is None else streams)
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
        counted: Queries | None = None
        try:
            samples, counted = self._read_postgres()
            yield from samples
            yield from lag_samples(self._watch.lags)
        except (Unavailable, SettingError, psycopg.Error) as error:
            log.warning("postgres not read for metrics", reason=str(error).strip())
        yield _up("postgres", counted is not None)
        yield from self._read_redis(counted)

    def _read_postgres(self) -> tuple[list[Sample], Queries]:
        with connect(
            self._settings.dsn_file,
            application_name="weir:api:metrics",
            connect_timeout_seconds=2,
            statement_timeout="5s",
            lock_timeout="500ms",
        ) as connection:
            reports = fetch_reports(
                self._settings, connection, self._streams, lags=self._watch.lags
            )
            samples = [
                *fetch_samples(connection),
                *report_samples(reports),
                *source_samples(fetch_sources(connection, self._streams)),
            ]
            return samples, fetch_positions(connection)

    def _read_redis(self, counted: Queries | None) -> Iterator[Sample]:
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
            truth = {t: dict(ps) for t, ps in counted.get((STREAM, QUERY), {}).items()}
            yield Sample(Metric.CACHE_BEHIND, (), messages_behind(cached, truth))


def _up(service: str, answers: bool) -> Sample:
    return Sample(Metric.SERVICE_UP, (service,), float(answers))
