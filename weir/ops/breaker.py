"""The restart breaker: a stream that restarts too often is parked as failed, with the reason.

A restart is an epoch whose predecessor did not give the lease back. What was before the last
`start` by a person does not count: neither the restart nor the epoch that died. Judged where a
driver takes the lease and by `weir reconcile`.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from weir.ops.lease import Pg


class RestartLimit(BaseModel):
    """How many restarts in how many minutes are still normal: the part `restarts:` of a stream."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max: int = Field(5, ge=1, le=1000)
    within_minutes: int = Field(10, ge=1, le=1440)


def fetch_restarts(connection: Pg, stream: str, limit: RestartLimit) -> int:
    """Restarts in the time that the limit looks at, by the database's clock."""
    row = connection.execute(
        "select count(*) from ops.stream_start s join ops.stream_lease l using (stream)"
        " join ops.stream_start died on died.stream = s.stream and died.epoch = s.epoch - 1"
        " where s.stream = %s and s.unclean and died.taken_at > l.breaker_reset_at"
        " and s.taken_at > clock_timestamp() - make_interval(mins => %s)",
        [stream, limit.within_minutes],
    ).fetchone()
    return int(row[0]) if row else 0


def judge_restarts(restarts: int, limit: RestartLimit) -> str | None:
    """Why the next restart must not be; None while it may."""
    if restarts < limit.max:
        return None
    return f"{restarts} restarts in {limit.within_minutes} minutes: it only dies"


def forgive_restarts(connection: Pg, stream: str, epoch: int) -> None:
    """What was before does not count: the driver of this epoch tries something smaller."""
    connection.execute(
        "update ops.stream_lease set barren_starts = 0, breaker_reset_at = clock_timestamp()"
        " where stream = %s and epoch = %s",
        [stream, epoch],
    )
