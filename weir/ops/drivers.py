"""Which drivers belong to a stream: by its submissions, and by what drivers said of themselves.

The master knows drivers by number only, and gives a driver a new number when its worker dies.
"""

from __future__ import annotations

from dataclasses import dataclass

from weir.ops.lease import Pg


@dataclass(frozen=True, kw_only=True)
class KnownDriver:
    """A driver on record.

    silent: its submission never took the lease. fresh: submitted since the stream last started
    working and since somebody last ordered a start.
    """

    driver_id: str
    known_seconds: float
    silent: bool
    fresh: bool


KNOWN = (
    "with known as ("
    "  select driver_id, token, submitted_at as at from ops.stream_submission"
    "    where stream = %(stream)s"
    "  union all select driver_id, token, taken_at from ops.stream_start"
    "    where stream = %(stream)s and driver_id is not null"
    "  union all select driver_id, token, submitted_at from ops.stream"
    "    where stream = %(stream)s and driver_id is not null)"
    " select driver_id, extract(epoch from clock_timestamp() - max(at))::float8,"
    "  not exists (select from ops.stream_start t where t.stream = %(stream)s"
    "    and (t.token in (select k.token from known k where k.driver_id = known.driver_id)"
    "      or t.driver_id = known.driver_id)),"
    "  min(at) >= greatest("
    "    (select breaker_reset_at from ops.stream_lease where stream = %(stream)s),"
    "    (select max(taken_at) from ops.stream_start where stream = %(stream)s))"
    " from known group by driver_id order by max(at)"
)


def fetch_known(connection: Pg, stream: str) -> list[KnownDriver]:
    """Every driver on record, the newest last."""
    rows = connection.execute(KNOWN, {"stream": stream}).fetchall()
    return [
        KnownDriver(driver_id=row[0], known_seconds=row[1], silent=row[2], fresh=bool(row[3]))
        for row in rows
    ]


def fetch_drivers(connection: Pg, stream: str) -> list[str]:
    """The numbers of all drivers on record."""
    return [driver.driver_id for driver in fetch_known(connection, stream)]
