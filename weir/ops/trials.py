"""The trial that is under way, for a person who wonders why a stream stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row

from weir.ops.lease import Pg

# A trial is over when the ledger has moved on from where it begins; the row stays until the next.
PRESENT: Final = """
    select query, attempts, bisecting, first_seen, last_error, begins, ends
    from ops.batch_attempt a where stream = %s and not exists (
      select from ops.query_offset o where o.stream = a.stream and o.query = a.query
        and o.next_offset > (a.begins -> o.topic ->> o.partition::text)::bigint)
    order by query
"""


@dataclass(frozen=True, kw_only=True)
class PresentTrial:
    """What a query tries now, or died on.

    bisecting: a part of a batch that failed. last_error: of the trial before; null also when a
    driver died.
    """

    query: str
    attempts: int
    bisecting: bool
    first_seen: datetime
    last_error: str | None
    begins: dict[str, Any]
    ends: dict[str, Any]

    @property
    def is_trouble(self) -> bool:
        """Whether it is more than a batch at work."""
        return self.attempts > 1 or self.bisecting or self.last_error is not None


def fetch_trials(connection: Pg, stream: str) -> list[PresentTrial]:
    """The present trial of each query of the stream."""
    with connection.cursor(row_factory=class_row(PresentTrial)) as cursor:
        return cursor.execute(PRESENT, [stream]).fetchall()
