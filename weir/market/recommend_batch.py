"""What a batch of `market_recommend` does: answer the requests, then count the searches.

Answers are plain records, sent before the transaction that moves the offsets: a batch that is
tried again answers again, under the same correlation ids. Searches are counted in that
transaction, so they count once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from weir.clock import Clock
from weir.contracts.recommendation import Request, answer_json
from weir.contracts.search_event import SearchEvent
from weir.kafka.dead_letters import DeadLetter, store_all
from weir.kafka.producer import Publisher
from weir.market import batch_ledger
from weir.market.recommend_answer import answer_request
from weir.market.recommend_store import fetch_facts, fetch_recent, merge
from weir.market.recommend_tally import tally
from weir.ops import ledger
from weir.ops.lease import Pg
from weir.ops.ledger import Ranges

QUERY: Final = "recommend"

NOTE_ANSWERS: Final = """
    insert into market.answer_minute as m (minute, answered, without_items, expired, slowest_ms)
    values (date_trunc('minute', clock_timestamp()), %s, %s, %s, %s)
    on conflict (minute) do update set
      answered = m.answered + excluded.answered,
      without_items = m.without_items + excluded.without_items,
      expired = m.expired + excluded.expired,
      slowest_ms = greatest(m.slowest_ms, excluded.slowest_ms)
"""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What became of the requests of a batch. without_items are among the answered."""

    answered: int = 0
    without_items: int = 0
    expired: int = 0
    slowest_ms: int = 0


def is_new(connection: Pg, *, stream: str, epoch: int, offsets: Ranges) -> bool:
    """Whether the batch begins where the ledger stands; False when it was decided before.

    Raises Fenced, ContractError (the offsets do not fit).
    """
    return batch_ledger.is_new(connection, _span(stream, epoch, offsets))


def answer_all(
    connection: Pg, requests: Iterable[Request], publisher: Publisher, topic: str, clock: Clock
) -> Answered:
    """Answer those whose deadline is not over; returns when Kafka has confirmed all answers.

    The connection is in autocommit mode, so each answer sees the ban list of its own moment.
    Raises PublishError.
    """
    answered = without_items = expired = slowest_ms = 0
    for request in requests:
        if clock().timestamp() * 1000 >= request.deadline_ms:
            expired += 1
            continue
        answer = answer_request(connection, request, clock)
        if answer.answered_at_ms >= request.deadline_ms:
            expired += 1
            continue
        publisher.send(topic, answer_json(answer), key=request.correlation_id.encode())
        answered += 1
        without_items += not answer.items
        slowest_ms = max(slowest_ms, answer.answered_at_ms - request.asked_at_ms)
    publisher.flush()
    return Answered(
        answered=answered, without_items=without_items, expired=expired, slowest_ms=slowest_ms
    )


def count_searches(
    connection: Pg,
    *,
    stream: str,
    epoch: int,
    offsets: Ranges,
    searches: Sequence[SearchEvent],
    answers: Answered,
    refusals: Iterable[DeadLetter],
    progress: Callable[[], ledger.Progress] | None = None,
) -> bool:
    """The deciding transaction; False when the batch was decided before, and nothing changes.

    Raises Fenced, ContractError (the offsets do not fit).
    """
    with connection.transaction():
        if not is_new(connection, stream=stream, epoch=epoch, offsets=offsets):
            return False
        products = {product for search in searches for product in search.products}
        users = {search.user for search in searches if search.user is not None}
        facts = fetch_facts(connection, products)
        merge(connection, tally(searches, facts, fetch_recent(connection, users)))
        store_all(connection, refusals)
        if answers != Answered():
            connection.execute(
                NOTE_ANSWERS,
                [answers.answered, answers.without_items, answers.expired, answers.slowest_ms],
            )
        span = _span(stream, epoch, offsets)
        batch_ledger.step_over(connection, span, None if progress is None else progress())
    return True


def _span(stream: str, epoch: int, offsets: Ranges) -> batch_ledger.Span:
    return batch_ledger.Span(
        stream=stream,
        query=QUERY,
        epoch=epoch,
        begins={t: {p: begin for p, (begin, _) in parts.items()} for t, parts in offsets.items()},
        ends={t: {p: end for p, (_, end) in parts.items()} for t, parts in offsets.items()},
    )
