"""Builds what the API is made of from the settings: the one place that wires it."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, disable_created_metrics

from weir.platform.airflow_config import inner_address
from weir.serving.airflow_reads import AirflowReads, api_answers
from weir.serving.counts_source import CountsSource
from weir.serving.metrics import FeedbackMetrics, ReadAtScrape, RequestMetrics
from weir.serving.promo import FeedbackDoor
from weir.serving.scrape import Scrape
from weir.serving.watch import Watch
from weir.settings import Settings
from weir.store.redis import connect_redis
from weir.store.wikimedia_cache import WikimediaCache

# A Redis that hangs must not make a person wait: PostgreSQL answers instead.
REDIS_ANSWER_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the handlers use."""

    cache: WikimediaCache
    counts: CountsSource
    watch: Watch
    requests: RequestMetrics
    feedback: FeedbackDoor
    registry: CollectorRegistry


def build_parts(settings: Settings) -> Parts:
    """Connects lazily: nothing needs to be up. Raises SettingError."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    client = connect_redis(
        settings.redis_address,
        settings.redis_password_path,
        answer_seconds=REDIS_ANSWER_SECONDS,
    )
    cache = WikimediaCache(client)
    watch = Watch(settings)
    registry = CollectorRegistry()
    requests = RequestMetrics(registry)
    registry.register(ReadAtScrape(Scrape(settings, cache, watch).read))
    if settings.airflow:
        address = inner_address(settings)
        airflow = AirflowReads(settings.dsn_file, lambda: api_answers(address))
        registry.register(ReadAtScrape(airflow.read))
    return Parts(
        cache=cache,
        counts=CountsSource(cache, settings.dsn_file),
        watch=watch,
        requests=requests,
        feedback=FeedbackDoor(
            dsn_file=settings.dsn_file,
            token_file=settings.feedback_token_path,
            wins=settings.promo_feedback_wins,
            metrics=FeedbackMetrics(registry),
        ),
        registry=registry,
    )
