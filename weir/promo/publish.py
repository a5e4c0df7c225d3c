"""Sealed batches into Kafka, each notification once: a projection of what PostgreSQL decided.

One Kafka transaction per chunk, with the marker of the chunk in it. The marker is read once, after
`init_transactions` has fenced the older publisher and settled what it left open; from then on this
process knows. Any error of Kafka ends the process: whether a commit arrived, only the next start
can tell. Under a crash: a chunk and its marker are readable together, or neither is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog

from weir.contracts.campaign import LIMITS
from weir.errors import ContractError, SettingError
from weir.kafka.identity import TopicIdentity
from weir.kafka.record import Record, size_in_bytes
from weir.kafka.transactional import CursorPublisher
from weir.ops.failpoint import reach
from weir.ops.lease import Pg
from weir.promo.marker import (
    Marker,
    assumed_marker,
    fetch_ledger,
    judge_marker,
    note_published,
    remember,
)
from weir.promo.stage import digest_of
from weir.promo.wakeups import MAX_CLIENT_BYTES

log = structlog.get_logger()

FIELDS: Final = (
    *("restaurant_id", "adv_campaign_id", "adv_campaign_content", "adv_campaign_owner"),
    *("adv_campaign_owner_contact", "adv_campaign_datetime_start", "adv_campaign_datetime_end"),
    *("client_id", "datetime_created", "trigger_datetime_created"),
)
"""Of a notification, in this order; the columns of `public.subscribers_feedback`."""

# Each bound twice, by columns of one table: only so does either index begin where the marker is.
UNPUBLISHED: Final = """
    select l.seq, c.chunk, l.chunks, l.generation, l.batch_id, l.epoch, c.n, c.digest
    from ops.batch_ledger l join promo.batch_chunk c using (stream, seq)
    where stream = %(stream)s and l.seq >= %(seq)s and c.seq >= %(seq)s
      and (c.seq, c.chunk) > (%(seq)s, %(chunk)s)
    order by c.seq, c.chunk
"""
ROWS: Final = f"""
    select m.notification_id::text, {", ".join(f"f.{name}" for name in FIELDS)}
    from promo.batch_member m join public.subscribers_feedback f
      on f.adv_campaign_id = m.campaign and f.client_id = m.client
    where m.stream = %s and m.seq = %s and m.chunk = %s
    order by m.client, m.campaign
"""


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """Where the notifications of a stream go, and which topic holds its markers."""

    stream: str
    topic: str
    publisher: CursorPublisher
    identity: Callable[[], TopicIdentity]


class NotificationPublisher:
    """The one publisher of its stream; unusable after any error."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._at = Marker(seq=0)

    def start(self, connection: Pg) -> int:
        """Fence older publishers, find out what is published, publish the rest; how many.

        Raises ContractError when the markers do not belong to this ledger; Unavailable;
        SettingError when the topic is not there, or takes no notification of any size.
        """
        outlet = self._outlet
        refuse_small(outlet.topic, outlet.publisher.limit_bytes(outlet.topic))
        cursor = outlet.publisher.start()
        reach("after_init")
        marker = None if cursor is None else parse_marker(outlet.stream, cursor)
        here = outlet.identity()
        ledger, ordered = fetch_ledger(connection, outlet.stream, marker)
        if ordered is None:
            self._at = judge_marker(outlet.stream, marker, here, ledger)
        else:
            self._at = assumed_marker(connection, outlet.stream, *ordered)
            log.warning("published by a person's word", stream=outlet.stream, up_to=ordered)
        if marker is None or ordered is not None:
            # From now on an empty progress topic means that it was lost.
            outlet.publisher.commit([], self._at.as_cursor())
        remember(connection, outlet.stream, here)
        note_published(connection, outlet.stream, self._at)
        return self.publish(connection)

    def publish(self, connection: Pg) -> int:
        """Publish every sealed chunk after the newest published one; how many notifications."""
        outlet = self._outlet
        published = 0
        at = {"stream": outlet.stream, "seq": self._at.seq, "chunk": self._at.chunk}
        waiting = connection.execute(UNPUBLISHED, at)
        for seq, chunk, chunks, generation, batch_id, epoch, n, digest in waiting.fetchall():
            marker = Marker(
                seq=seq,
                chunk=chunk,
                chunks=chunks,
                generation=generation,
                batch_id=batch_id,
                epoch=epoch,
                n=n,
                digest=digest,
            )
            reach("before_publish")
            outlet.publisher.commit(self._records(connection, marker), marker.as_cursor())
            self._at = marker
            published += n
            reach("after_chunk")
            note_published(connection, outlet.stream, marker)
        return published

    def _records(self, connection: Pg, marker: Marker) -> list[Record]:
        outlet = self._outlet
        rows = connection.execute(ROWS, [outlet.stream, marker.seq, marker.chunk]).fetchall()
        if len(rows) != marker.n or digest_of([row[0] for row in rows]) != marker.digest:
            raise ContractError(
                f"{outlet.stream}: batch {marker.seq}, chunk {marker.chunk} was sealed with"
                f" {marker.n} notifications; PostgreSQL now has others ({len(rows)})",
                "somebody changed public.subscribers_feedback or promo.batch_member",
            )
        batch = f"{outlet.stream}/{marker.seq}/{marker.chunk}".encode()
        return [notification(outlet.topic, batch, row[0], row[1:]) for row in rows]


def notification(topic: str, batch: bytes, name: str, values: tuple[Any, ...]) -> Record:
    """One record: the fields in their order, the client as the key."""
    body = dict(zip(FIELDS, values, strict=True))
    return Record(
        topic=topic,
        key=body["client_id"].encode(),
        value=orjson.dumps(body),
        headers=(("notification_id", name.encode()), ("weir-batch", batch)),
    )


def refuse_small(topic: str, limit_bytes: int) -> None:
    """Raises SettingError if a notification that may be sealed would be too large for the topic."""
    widest = "\x01"  # no letter is longer in JSON
    texts = {
        "restaurant_id": "0" * 36,
        "adv_campaign_id": "0" * 36,
        "adv_campaign_content": widest * LIMITS.content_chars,
        "adv_campaign_owner": widest * LIMITS.text_chars,
        "adv_campaign_owner_contact": widest * LIMITS.text_chars,
        "client_id": widest * MAX_CLIENT_BYTES,
    }
    values = tuple(texts.get(name, 10**18) for name in FIELDS)
    largest = size_in_bytes(notification(topic, b"0" * 100, "0" * 36, values))
    if limit_bytes < largest:
        raise SettingError(
            f"{topic} takes messages of {limit_bytes} bytes, a notification may have {largest}",
            f"its owner sets max.message.bytes to {largest} or more",
        )


def parse_marker(stream: str, cursor: dict[str, Any]) -> Marker:
    """The marker in a progress record. Raises ContractError when it is none."""
    try:
        return Marker(**cursor)
    except TypeError as error:
        raise ContractError(
            f"{stream}.progress does not hold a marker: {error}", "somebody else wrote there"
        ) from error
