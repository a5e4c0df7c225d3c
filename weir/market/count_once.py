"""Which facts are new, by what PostgreSQL has counted; inside the transaction that counts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from weir.market.counted_set import Chunk, united
from weir.market.facts import ChangeKey, changed, mark_decided, touched
from weir.ops.lease import Pg


def take_new(connection: Pg, facts: pa.Table) -> pa.Table:
    """The facts that were never taken before, which are then taken. Each once."""
    fresh, marked = mark_decided(facts, fetch_bits(connection, touched(facts)))
    store_bits(connection, marked)
    changes = changed(facts)
    for key in take_changes(connection, changes):
        fresh[changes[key]] = True
    return facts.filter(pa.array(fresh))


def fetch_bits(connection: Pg, chunks: Iterable[Chunk]) -> dict[Chunk, bytes]:
    """The stored chunks among these."""
    wanted = list(chunks)
    rows = connection.execute(
        "select c.verdict, c.src_topic, c.src_partition, c.chunk, c.bits"
        " from market.counted_source c join unnest(%s::text[], %s::text[], %s::int[], %s::bigint[])"
        " as w (verdict, src_topic, src_partition, chunk)"
        " using (verdict, src_topic, src_partition, chunk)",
        [
            [chunk.verdict for chunk in wanted],
            [chunk.topic for chunk in wanted],
            [chunk.partition for chunk in wanted],
            [chunk.number for chunk in wanted],
        ],
    ).fetchall()
    return {Chunk(*row[:4]): bytes(row[4]) for row in rows}


def store_bits(connection: Pg, marked: Mapping[Chunk, bytes]) -> None:
    """Keep these chunks as they are now."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into market.counted_source (verdict, src_topic, src_partition, chunk, bits)"
            " values (%s, %s, %s, %s, %s)"
            " on conflict (verdict, src_topic, src_partition, chunk)"
            " do update set bits = excluded.bits",
            [(*chunk, bits) for chunk, bits in sorted(marked.items())],
        )


def add_bits(connection: Pg, marked: Mapping[Chunk, bytes]) -> None:
    """Keep these offsets too, beside those that are stored."""
    stored = fetch_bits(connection, marked)
    store_bits(
        connection,
        {chunk: united(stored.get(chunk, bits), bits) for chunk, bits in marked.items()},
    )


def take_changes(connection: Pg, keys: Iterable[ChangeKey]) -> list[ChangeKey]:
    """Those of the retractions and re-admissions that were not taken before."""
    wanted = sorted(keys)
    if not wanted:
        return []
    products, changes, versions, topics, partitions, offsets = zip(*wanted, strict=True)
    rows = connection.execute(
        "insert into market.counted_change"
        " (product_id, change, ban_version, src_topic, src_partition, src_offset)"
        " select * from unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::int[],"
        " %s::bigint[]) on conflict do nothing returning product_id, change, ban_version,"
        " src_topic, src_partition, src_offset",
        [*map(list, (products, changes, versions, topics, partitions, offsets))],
    ).fetchall()
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


def lock_ledger(connection: Pg, stream: str, query: str) -> dict[tuple[str, int], int]:
    """How far the stream has counted; nobody moves it until this transaction ends."""
    rows = connection.execute(
        "select topic, partition, next_offset from ops.query_offset"
        " where stream = %s and query = %s order by topic, partition for update",
        [stream, query],
    ).fetchall()
    return {(topic, partition): offset for topic, partition, offset in rows}
