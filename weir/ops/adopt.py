"""Bring a stream up for a scheduler: park, adopt what runs, or submit. Never a change of mind.

What people want of a stream is changed by verbs and by the restart breaker alone; a scheduler
that starts, restarts or is killed only follows it.
"""

from __future__ import annotations

from enum import StrEnum

from weir.ops import desired, lease
from weir.ops.desired import request_drain
from weir.ops.launch import connect_to_launch, ensure_driver
from weir.ops.streams import StreamSpec, find_stream
from weir.settings import Settings

__all__ = ["Outcome", "bring_up", "request_drain"]


class Outcome(StrEnum):
    """What was found or done."""

    PARKED = "parked"
    ADOPTED = "adopted"
    SUBMITTED = "submitted"


def bring_up(
    settings: Settings, stream: str, *, changed_by: str, spec: StreamSpec | None = None
) -> tuple[Outcome, int | None]:
    """Make sure that a driver of a wanted stream works or is about to.

    The epoch is that of a driver at work; None while it has yet to take the lease.
    Raises Unavailable within a minute when the cluster takes no drivers.
    """
    spec = spec or find_stream(stream)
    with connect_to_launch(settings) as connection:
        lease.ensure_stream(connection, stream)
        if desired.fetch_desired(connection, stream) != "run":
            return Outcome.PARKED, None
        _, submitted = ensure_driver(settings, connection, spec, changed_by=changed_by)
        newest = desired.fetch_submission(connection, stream)
        working = newest.alive and not newest.draining
        epoch = lease.fetch_lease(connection, stream).epoch if working else None
        if submitted:
            return Outcome.SUBMITTED, None
        return Outcome.ADOPTED, epoch
