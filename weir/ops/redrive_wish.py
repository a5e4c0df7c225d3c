"""Which dead letters shall be sent again, and what of them can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from weir.ops.lease import Pg

MAX_LETTERS: Final = 500
MAX_BYTES: Final = 16 * 1024 * 1024
PLANNED: Final = 20_000

WANTED: Final = """
    from ops.dead_letter d
    where (%(topic)s::text is null or d.topic = %(topic)s)
      and (%(refused_by)s::text is null or d.refused_by = %(refused_by)s)
      and (cardinality(%(reasons)s::text[]) = 0 or d.reason = any(%(reasons)s))
      and (cardinality(%(keys)s::text[]) = 0 or d.dedupe_key = any(%(keys)s))
      and (%(until)s::timestamptz is null or d.first_seen <= %(until)s)
"""
# A letter from before Kafka has no place in a topic; of a cut one the original is not kept.
STATE: Final = """
    case when exists (select from ops.redrive r where r.dedupe_key = d.dedupe_key) then 'sent'
         when d.partition is null then 'before Kafka'
         when octet_length(d.value) is distinct from d.value_bytes then 'cut'
         else 'open' end
"""
PREVIEW: Final = f"""
    select topic, refused_by, reason, state, count(*) from
      (select d.topic, d.refused_by, d.reason, {STATE} as state {WANTED}) as letter
    group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4
"""
PLAN: Final = f"""
    select d.dedupe_key, d.topic, d.partition, d."offset",
      coalesce(octet_length(d.key), 0) + coalesce(octet_length(d.value), 0)
      + octet_length(d.headers::text)
    {WANTED} and {STATE} = 'open'
      and (d.topic, d.partition, d."offset", d.dedupe_key)
        > (%(after_topic)s, %(after_partition)s, %(after_offset)s, %(after_key)s)
    order by d.topic, d.partition, d."offset", d.dedupe_key limit %(limit)s
"""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Filters; what is empty does not filter. `until`: letters that were first seen by then."""

    topic: str | None = None
    refused_by: str | None = None
    reasons: Sequence[str] = ()
    keys: Sequence[str] = ()
    until: datetime | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """As the statements here take them."""
        return asdict(self) | {"reasons": list(self.reasons), "keys": list(self.keys)}


@dataclass(frozen=True, kw_only=True)
class Found:
    """How many letters share topic, refuser, reason and state (open, sent, cut, before Kafka)."""

    topic: str
    refused_by: str
    reason: str
    state: str
    letters: int


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A letter that can be sent. size_bytes: of key, value and headers, rather more than less."""

    dedupe_key: str
    topic: str
    partition: int
    offset: int
    size_bytes: int


def preview(connection: Pg, wish: Wish) -> list[Found]:
    """All letters that the wish means, by state; the most frequent first."""
    rows = connection.execute(PREVIEW, wish.parameters).fetchall()
    names = ("topic", "refused_by", "reason", "state", "letters")
    return [Found(**dict(zip(names, row, strict=True))) for row in rows]


def plan(connection: Pg, wish: Wish, limit: int | None = None) -> Iterator[Planned]:
    """The letters to send in the order of their topic, a page at a time."""
    topic, partition, offset, key, left = "", -1, -1, "", limit
    while left is None or left > 0:
        place = {"after_topic": topic, "after_partition": partition, "after_offset": offset}
        place |= {"after_key": key}
        page = min(PLANNED, PLANNED if left is None else left)
        rows = connection.execute(PLAN, wish.parameters | place | {"limit": page}).fetchall()
        for key, topic, partition, offset, size_bytes in rows:
            yield Planned(
                dedupe_key=key,
                topic=topic,
                partition=partition,
                offset=offset,
                size_bytes=size_bytes,
            )
        if len(rows) < page:
            return
        left = None if left is None else left - len(rows)


def transactions(
    planned: Iterator[Planned], *, letters: int = MAX_LETTERS, size_bytes: int = MAX_BYTES
) -> Iterator[list[Planned]]:
    """Cut into what one transaction may hold; one that is larger than that goes alone."""
    chunk: list[Planned] = []
    total = 0
    for letter in planned:
        if chunk and (len(chunk) >= letters or total + letter.size_bytes > size_bytes):
            yield chunk
            chunk, total = [], 0
        chunk.append(letter)
        total += letter.size_bytes
    if chunk:
        yield chunk
