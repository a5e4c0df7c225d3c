"""Orders from the page. A verb may take minutes, a browser waits a moment: the rest goes on behind.

What the order comes to is in `ops.operation`, which the page shows; if this process dies in the
middle, `weir reconcile` goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass

import structlog

from weir.errors import WeirError
from weir.ops import verbs
from weir.ops.operations import Operation, Verb
from weir.settings import Settings

log = structlog.get_logger()

MOMENT_SECONDS = 1.0
AT_ONCE = 8

Order = Callable[[str, Verb, str], Operation]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What is known of an order after a moment. state: open, done or failed."""

    verb: Verb
    state: str
    outcome: str | None


class Actions:
    """Carries out orders in threads of its own."""

    def __init__(self, order: Order, moment_seconds: float = MOMENT_SECONDS) -> None:
        self._order = order
        self._moment_seconds = moment_seconds
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="weir-order")

    def take(self, stream: str, verb: Verb, who: str) -> Accepted:
        """Begin an order and wait a moment for its end. Raises WeirError if it ended badly."""
        work: Future[Operation] = self._threads.submit(self._order, stream, verb, who)
        try:
            operation = work.result(self._moment_seconds)
        except NotYet:
            work.add_done_callback(lambda done: _tell(stream, verb, done))
            return Accepted(verb=verb, state="open", outcome=None)
        return Accepted(verb=verb, state=operation.state, outcome=operation.outcome)


def order_by(settings: Settings) -> Order:
    """Orders to the streams of these settings."""

    def order(stream: str, verb: Verb, who: str) -> Operation:
        return verbs.order(settings, stream, verb, changed_by=who, via="page")

    return order


def _tell(stream: str, verb: Verb, done: Future[Operation]) -> None:
    """Write down how an order ended that nobody waited for."""
    error = done.exception()
    if isinstance(error, WeirError):
        log.warning("order not carried out", stream=stream, verb=verb, reason=error.what)
    elif error is not None:
        log.error("order broke", stream=stream, verb=verb, exc_info=error)
