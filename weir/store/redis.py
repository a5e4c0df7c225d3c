"""Connections to Redis. Redis is a cache: whoever meets `Unavailable` here goes on without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from weir.errors import Unavailable
from weir.store.private_file import read_private

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 5.0


def read_password(password_file: Path | None) -> str | None:
    """The password in `password_file` (None: there is none); refuses a file others may read."""
    if password_file is None:
        return None
    return read_private(password_file, "password file", "WEIR_REDIS_PASSWORD_FILE")


def connect_redis(
    url: str, password_file: Path | None, *, answer_seconds: float = ANSWER_SECONDS
) -> redis.Redis:
    """A client that connects on first use, never retries by itself and gives up within seconds."""
    return redis.Redis.from_url(
        url,
        password=read_password(password_file),
        decode_responses=True,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        retry=Retry(NoBackoff(), 0),
    )


@contextmanager
def redis_errors_named() -> Iterator[None]:
    """Turn every error of Redis into `Unavailable`: away, loading, full or refusing is all one."""
    try:
        yield
    except redis.RedisError as error:
        text = str(error).strip() or type(error).__name__
        raise Unavailable(f"Redis does not answer: {text}", "weir status") from error
