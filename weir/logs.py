"""One log format for every process, with one redaction step in front of it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_NAMES = re.compile(r"(?i)secret|passw|token|credential|jaas|pgpass|api[._-]?key")
URL_LOGIN = re.compile(r"://[^@/\s:]+:[^@/\s]+@")
PASSWORD_PAIR = re.compile(r"(?i)\b(password|passwd|pwd)\s*=\s*\S+")


def redact_text(text: str) -> str:
    """`text` without logins in URLs and without `password=...`."""
    return PASSWORD_PAIR.sub(r"\1=***", URL_LOGIN.sub("://***@", text))


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask values whose name says secret, and logins inside any text."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = redact_text(value)
    return event


def configure_logging(level: int = logging.INFO) -> None:
    """Send structured lines to stderr: coloured on a terminal, plain key=value elsewhere."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
