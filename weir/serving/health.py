"""`/healthz`: can this process answer, and what is away. The judgement is pure."""

from __future__ import annotations

from collections.abc import Mapping

from weir.contracts.stats import Health
from weir.errors import Unavailable
from weir.store.wikimedia_cache import WikimediaCache

OK = "ok"


def fetch_redis_state(cache: WikimediaCache) -> str:
    """`ok`, or why Redis does not answer."""
    try:
        cache.version()
    except Unavailable as error:
        return error.what
    return OK


def judge_health(redis: str, trouble: Mapping[str, str]) -> Health:
    """Counts can be served as long as PostgreSQL or Redis answers."""
    services = {
        "postgres": trouble.get("postgres", OK),
        "redis": redis,
        "kafka": trouble.get("kafka", OK),
    }
    if services["postgres"] != OK and services["redis"] != OK:
        return Health(status="down", services=services)
    degraded = any(state != OK for state in services.values())
    return Health(status="degraded" if degraded else "ok", services=services)
