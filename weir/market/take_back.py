"""What is out and banned now is taken back, what is held and free now is let in again.

Done by the filter before it writes the products of the same batch: so a newer version of a product
always comes after what is said here about an older one. Under a crash: at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from weir.kafka.producer import Publisher
from weir.market.ban_list import fetch_moment
from weir.market.filtered import Change, Mark, Source, Version, event_json, headers_of
from weir.market.settle import (
    Contradiction,
    Ends,
    fetch_stands,
    has_read,
    hidden_but_free,
    shown_but_banned,
)

Pg = psycopg.Connection[Any]
Wait = Callable[[float], object]

MAX_PRODUCTS: Final = 20_000
"""So many of each in one batch; the relay asks for the rest."""

WAIT_SECONDS: Final = 1.0
STEP_SECONDS: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """Where the filter writes, whose records it judges, and under which epoch. `incarnation` of
    the shops' topic: see `DeadLetter`."""

    source: str
    products: str
    events: str
    epoch: int
    incarnation: str = ""

    @property
    def source_name(self) -> str:
        """The shops' topic in `src`: one that was made anew has the same offsets once more."""
        return f"{self.source}@{self.incarnation}" if self.incarnation else self.source


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """What one look did. `waits`: products that stay hidden until the next look."""

    retracted: int = 0
    readmitted: int = 0
    waits: int = 0


def take_back(
    connection: Pg,
    publisher: Publisher,
    outlet: Outlet,
    ends: Callable[[], Ends],
    wait: Wait,
    on_their_way: Callable[[Ends, Ends], Collection[str] | None],
) -> TakenBack:
    """Publish a tombstone and an event for each product that is shown though a changed rule bans
    it; the product and an event for each that is hidden though nothing bans it any more.

    `ends`: where the topics that the filter writes end now; it writes nothing meanwhile. What the
    catalogue has not read up to there in a short time is `on_their_way`: the products of which
    something lies between where it stands and the end (None: nobody knows). Of those a newer
    version may come, and an old one let in again could follow it: they wait for another look. A
    banned one is taken back in any case. Raises PublishError, Unavailable, psycopg's errors.
    """
    version = fetch_moment(connection).version
    if not _contradicts(connection, version):
        return TakenBack()
    end = ends()
    _wait_for(connection, end, wait)
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        version = fetch_moment(connection).version
        banned = shown_but_banned(connection, version, MAX_PRODUCTS)
        free = hidden_but_free(connection, version, MAX_PRODUCTS)
        stands = fetch_stands(connection, end)  # what the catalogue shows is all up to here
    coming = on_their_way(stands, end) if free else ()
    back = [p for p in free if coming is not None and p.product_id not in coming]
    for product in banned:
        _retract(publisher, outlet, product, version)
    for product in back:
        _readmit(publisher, outlet, product, version)
    publisher.flush()
    return TakenBack(retracted=len(banned), readmitted=len(back), waits=len(free) - len(back))


def _contradicts(connection: Pg, version: int) -> bool:
    return bool(shown_but_banned(connection, version, 1) or hidden_but_free(connection, version, 1))


def _wait_for(connection: Pg, ends: Ends, wait: Wait) -> None:
    """Give the catalogue a moment to read up to `ends`."""
    for _ in range(round(WAIT_SECONDS / STEP_SECONDS)):
        if has_read(connection, ends):
            return
        wait(STEP_SECONDS)


def _retract(publisher: Publisher, outlet: Outlet, product: Contradiction, version: int) -> None:
    headers = headers_of(_mark(outlet, product, version, Change.RETRACTED))
    key = product.product_id.encode()
    publisher.send(outlet.products, None, key=key, headers=headers)
    publisher.send(outlet.events, _event(product, Change.RETRACTED), key=key, headers=headers)


def _readmit(publisher: Publisher, outlet: Outlet, product: Contradiction, version: int) -> None:
    headers = headers_of(_mark(outlet, product, version, Change.READMITTED))
    key = product.product_id.encode()
    publisher.send(outlet.events, _event(product, Change.READMITTED), key=key, headers=headers)
    publisher.send(outlet.products, product.payload.encode(), key=key, headers=headers)


def _mark(outlet: Outlet, product: Contradiction, version: int, change: Change) -> Mark:
    return Mark(
        change,
        Source(outlet.source_name, product.src_partition, product.src_offset),
        Version(product.updated_at_us, product.src_offset, version, outlet.epoch),
    )


def _event(product: Contradiction, change: Change) -> bytes:
    rule = None
    if product.kind is not None and product.value is not None and product.ban_id is not None:
        rule = (product.kind, product.value, product.ban_id)
    return event_json(
        change=change,
        product_id=product.product_id,
        sku=product.sku,
        shop=product.shop,
        rule=rule,
        reason=product.reason,
        product=product.payload,
    )
