"""`ops.query_input`: which topic the offsets of a query belong to.

A topic that was made anew, or one of the same name on another cluster, holds other messages at the
same offsets. Going on there would skip messages in silence; so a person decides, and then the query
begins that topic at its first kept message. Under a crash: either all of a new beginning is there,
or the order to make it still stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from weir.errors import ContractError, SettingError
from weir.kafka.identity import TopicIdentity
from weir.ops import lease, ledger
from weir.ops.audit import note_deed
from weir.ops.lease import Pg
from weir.ops.ledger import Partitions, Place

NO_TOPIC_ID: Final = "A" * 22
"""What a broker older than topic ids answers."""

KNOWN: Final = """
    select cluster_id, topic_id, anew_by from ops.query_input
    where stream = %s and query = %s and topic = %s order by begun_at desc limit 1
"""
REMEMBER: Final = """
    insert into ops.query_input (stream, query, topic, cluster_id, topic_id)
    values (%s, %s, %s, %s, %s)
    on conflict (stream, query, topic, cluster_id, topic_id)
      do update set begun_at = clock_timestamp(), anew_by = null
"""
FORGET_ORDER: Final = """
    update ops.query_input set anew_by = null
    where stream = %s and query = %s and topic = %s and anew_by is not null
"""
OLDEST: Final = """
    select cluster_id, topic_id from ops.query_input where topic = %s
    order by first_seen, stream, query limit 1
"""
ORDER: Final = "update ops.query_input set anew_by = %s where stream = %s"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a query read under a name so far, and who ordered that another one may follow."""

    identity: TopicIdentity
    anew_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """Where a query stands in a topic. `incarnation`: see `DeadLetter`."""

    stands: dict[int, int]
    incarnation: str


def is_another(place: Place, known: Known | None, here: TopicIdentity) -> bool:
    """Whether the topic is another one, and was ordered; ContractError without an order."""
    if known is None or known.identity == here:
        return False
    if known.anew_by is not None:
        return True
    same_cluster = known.identity.cluster_id == here.cluster_id
    raise ContractError(
        f"{place.topic} is another topic than {place.stream} has read so far: "
        + ("it was made anew" if same_cluster else "it is on another cluster")
        + f" ({_words(here)}, before {_words(known.identity)})",
        f"if that is meant: weir streams start {place.stream} --new-input, which begins it at its"
        " first kept message; else set the address and the topic back",
    )


def fetch_known(connection: Pg, place: Place) -> Known | None:
    """What the query has read under this name; None before the first start."""
    row = connection.execute(KNOWN, [place.stream, place.query, place.topic]).fetchone()
    if row is None:
        return None
    return Known(identity=TopicIdentity(row[0], row[1]), anew_by=row[2])


def begin_input(
    connection: Pg, place: Place, epoch: int, here: TopicIdentity, first: Partitions
) -> Beginning:
    """Where the query stands in this topic; `first`, where nothing of it was read.

    Raises ContractError for another topic without an order, Fenced.
    """
    name = [place.stream, place.query, place.topic]
    with connection.transaction():
        known = fetch_known(connection, place)
        if is_another(place, known, here):
            assert known is not None
            connection.execute(
                "delete from ops.query_offset where stream = %s and query = %s and topic = %s", name
            )
            connection.execute(
                "delete from ops.batch_attempt where stream = %s and query = %s", name[:2]
            )
            note_deed(
                connection,
                who=str(known.anew_by),
                via="driver",
                action="begin_input",
                subject=place.stream,
                topic=place.topic,
                now=_words(here),
                before=_words(known.identity),
            )
        if known is None or known.identity != here:
            connection.execute(REMEMBER, [*name, here.cluster_id, here.topic_id])
        connection.execute(FORGET_ORDER, name)
        stands = ledger.begin_offsets(connection, place, first)
        lease.hold(connection, place.stream, epoch)
        return Beginning(stands=stands, incarnation=_incarnation(connection, place.topic, here))


def order_new_input(connection: Pg, stream: str, *, who: str, via: str) -> None:
    """Order that the next start may begin other topics of the same names.

    Raises SettingError for a stream that has read nothing.
    """
    with connection.transaction():
        if not connection.execute(ORDER, [who, stream]).rowcount:
            raise SettingError(f"{stream} has read nothing yet", "leave out --new-input")
        note_deed(connection, who=who, via=via, action="new_input", subject=stream)


def _incarnation(connection: Pg, topic: str, here: TopicIdentity) -> str:
    """Empty for the first topic that anybody here read under this name."""
    oldest = connection.execute(OLDEST, [topic]).fetchone()
    if oldest is None or TopicIdentity(*oldest) == here:
        return ""
    return here.cluster_id if here.topic_id == NO_TOPIC_ID else here.topic_id


def _words(identity: TopicIdentity) -> str:
    return f"cluster {identity.cluster_id}, id {identity.topic_id}"
