"""Who subscribes: read when a batch is sealed, for the restaurants of that batch only.

The subscribers may live in another PostgreSQL, read-only, perhaps behind a transaction pooler: so
each reading there is one transaction on a connection without start-up options, prepared statements
or cursors. It is over, and within a time, before the first subscriber is used: the sealing
transaction is open meanwhile. What breaks in the middle raises; it never ends as "no more
subscribers".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import groupby
from typing import Any, Final, Protocol

import psycopg

from weir.errors import Unavailable
from weir.ops.lease import Pg
from weir.promo.spool import cut_after, spooled
from weir.settings import Settings
from weir.store.postgres import KEEPALIVE, connect, read_dsn

LOCK_SECONDS: Final = 10.0
READ_SECONDS: Final = 45.0
GRACE_SECONDS: Final = 5.0
"""A server ends a reading by itself; one that hangs is left so much later. With the connecting it
stays below what our own server grants an idle transaction."""

# A client id that no index of the answers could hold is no client.
USABLE: Final = "octet_length(client_id) between 1 and 1000"
WHOLE: Final = (
    "copy (select restaurant_id, client_id from public.subscribers_restaurants"
    f" where restaurant_id = any(%s) and {USABLE} order by restaurant_id, client_id) to stdout"
)
SOME: Final = (
    "copy (select s.restaurant_id, s.client_id from public.subscribers_restaurants s"
    " join unnest(%s::text[], %s::text[]) as w (restaurant_id, client_id)"
    " on s.restaurant_id = w.restaurant_id and s.client_id = w.client_id"
    f" where {USABLE.replace('client_id', 's.client_id')} order by 1, 2) to stdout"
)

# For this transaction only: behind a pooler the next one may be somebody else's.
LIMIT: Final = (
    "select set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"
)

Subscription = tuple[str, str]
"""(restaurant_id, client_id)."""


class Subscriptions(Protocol):
    """Where subscribers are read."""

    tells_changes: bool
    """Whether each new subscription becomes a wake-up by itself."""

    def whole(self, restaurants: Sequence[str]) -> Iterator[Subscription]:
        """Every subscription of these restaurants, once each, ordered; raises Unavailable."""

    def some(self, wanted: Sequence[Subscription]) -> Iterator[Subscription]:
        """Those of `wanted` that are subscribed now, once each, ordered; raises Unavailable."""


class SubscriberTable:
    """`public.subscribers_restaurants` by a connection of its own, kept between batches.

    Streams: never more than one buffer in memory, as long as the seal takes.
    """

    def __init__(self, connect: Callable[[], Pg], *, tells_changes: bool = True) -> None:
        self.tells_changes = tells_changes
        self._connect = connect
        self._connection: Pg | None = None

    def whole(self, restaurants: Sequence[str]) -> Iterator[Subscription]:
        return self._read(WHOLE, [list(restaurants)])

    def some(self, wanted: Sequence[Subscription]) -> Iterator[Subscription]:
        return self._read(SOME, [[r for r, _ in wanted], [c for _, c in wanted]])

    def _read(self, statement: str, parameters: list[Any]) -> Iterator[Subscription]:
        with self._unavailable_if_it_fails() as connection:
            yield from copied(connection, statement, parameters)

    @contextmanager
    def _unavailable_if_it_fails(self) -> Iterator[Pg]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
            yield self._connection
        except (psycopg.Error, OSError) as error:
            self._connection = None
            raise Unavailable(
                f"the subscribers cannot be read: {str(error).strip()}",
                "WEIR_SUBSCRIBERS_DSN_FILE names their PostgreSQL, if it is not Weir's own",
            ) from error


class ForeignSubscribers(SubscriberTable):
    """The same table of somebody else, whose server may be slow, locked or hung."""

    def __init__(self, connect: Callable[[], Pg]) -> None:
        super().__init__(connect, tells_changes=False)

    def _read(self, statement: str, parameters: list[Any]) -> Iterator[Subscription]:
        with self._unavailable_if_it_fails() as connection, ExitStack() as kept:
            limits = [f"{round(s * 1000)}ms" for s in (READ_SECONDS, LOCK_SECONDS)]
            with cut_after(connection, READ_SECONDS + GRACE_SECONDS), connection.transaction():
                connection.execute(LIMIT, limits)
                with closing(copied(connection, statement, parameters)) as told:
                    found = kept.enter_context(spooled(told))
            yield from found


def copied(connection: Pg, statement: str, parameters: list[Any]) -> Generator[Subscription]:
    """The subscriptions that a COPY tells of; the same one twice is one."""
    with psycopg.ClientCursor(connection) as cursor, cursor.copy(statement, parameters) as copy:
        for subscription, _ in groupby(copy.rows()):
            yield (subscription[0], subscription[1])


def connect_to_subscribers(settings: Settings) -> Pg:
    """A connection to the subscribers that any pooler accepts. Raises Unavailable.

    Without start-up options and prepared statements.
    """
    try:
        return psycopg.connect(
            read_dsn(settings.subscribers_dsn_file or settings.dsn_file),
            connect_timeout=5,
            autocommit=True,
            prepare_threshold=None,
            **KEEPALIVE,
        )
    except psycopg.OperationalError as error:
        raise Unavailable(
            f"the PostgreSQL of the subscribers does not answer: {str(error).strip()}",
            "weir status; WEIR_SUBSCRIBERS_DSN_FILE",
        ) from error


def subscriber_table(settings: Settings) -> SubscriberTable:
    """The table that the settings name; only our own has the trigger that tells of changes."""
    if settings.subscribers_dsn_file is not None:
        return ForeignSubscribers(lambda: connect_to_subscribers(settings))
    limit = f"{round(LOCK_SECONDS * 1000)}ms"
    return SubscriberTable(
        lambda: connect(settings.dsn_file, application_name="weir:subscribers", lock_timeout=limit)
    )
