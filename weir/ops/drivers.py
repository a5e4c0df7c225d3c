"""Which drivers belong to a stream: by its submissions, and by what drivers said of themselves.

The master knows drivers by number only, and gives a driver a new number when its worker dies.
"""

from __future__ import annotations

from weir.ops.lease import Pg


def fetch_drivers(connection: Pg, stream: str) -> list[str]:
    """Every driver known of this stream, oldest first."""
    rows = connection.execute(
        "select driver_id from ("
        "  select driver_id, submitted_at as at from ops.stream_submission where stream = %(s)s"
        "  union all select driver_id, taken_at from ops.stream_start"
        "    where stream = %(s)s and driver_id is not null"
        "  union all select driver_id, submitted_at from ops.stream"
        "    where stream = %(s)s and driver_id is not null"
        ") known group by driver_id order by min(at)",
        {"s": stream},
    ).fetchall()
    return [str(row[0]) for row in rows]
