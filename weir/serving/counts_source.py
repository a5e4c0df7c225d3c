"""Where `/stats` reads: Redis first, PostgreSQL when Redis cannot answer, and it says so."""

from __future__ import annotations

from pathlib import Path

import psycopg
import structlog

from weir.errors import SettingError, Unavailable
from weir.serving.question import Question
from weir.serving.stats import Served
from weir.store.postgres import connect
from weir.store.wikimedia_cache import NotCached, WikimediaCache
from weir.store.wikimedia_stats import fetch_counts

log = structlog.get_logger()


class CountsSource:
    """Reads counts for a question; safe to use from many threads."""

    def __init__(self, cache: WikimediaCache, dsn_file: Path) -> None:
        self._cache = cache
        self._dsn_file = dsn_file
        self._told = ""

    def read(self, question: Question) -> Served:
        """Counts for `question`. Raises Unavailable when neither store answers."""
        try:
            counts = self._cache.read(within=question.within, minutes=question.minutes)
        except NotCached as error:
            return self._from_postgres(question, str(error))
        except Unavailable as error:
            self._tell(error.what)
            return self._from_postgres(question, error.what)
        self._tell("")
        return Served(counts=counts, served_from="redis")

    def _from_postgres(self, question: Question, reason: str) -> Served:
        try:
            with connect(
                self._dsn_file,
                application_name="weir:api",
                connect_timeout_seconds=2,
                statement_timeout="10s",
            ) as connection:
                counts = fetch_counts(connection, within=question.within, minutes=question.minutes)
        except (Unavailable, SettingError) as error:
            raise Unavailable(f"{error.what}; and {reason}", error.hint, 5) from error
        except psycopg.Error as error:
            what = f"PostgreSQL does not answer: {str(error).strip()}; and {reason}"
            raise Unavailable(what, "weir status; weir db status", 5) from error
        return Served(counts=counts, served_from="postgres", reason=reason)

    def _tell(self, trouble: str) -> None:
        """Log when Redis goes and when it is back, not at each request in between."""
        if trouble and not self._told:
            log.warning("serving from postgres", reason=trouble)
        if self._told and not trouble:
            log.info("serving from redis again")
        self._told = trouble
