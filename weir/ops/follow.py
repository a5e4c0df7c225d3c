"""Following a stream by its lease: what a trigger sees, and when that ends its watch.

A relaunch by Spark and a takeover by another driver move the epoch and end nothing: the stream
is followed, not one driver. Ages are by the database's clock, so a trigger keeps no memory but
its first sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from weir.errors import ContractError
from weir.ops.lease import TTL_SECONDS, Pg

FIRST_LIFE_SECONDS = 180.0
"""A submission that took no lease for so long is given up (cores may be scarce, so it is long)."""
SILENT_SECONDS = 60.0
"""A silent owner is relaunched by Spark within some twenty seconds, or by nobody."""


BY_AIRFLOW = "airflow "
"""How `submitted_by` begins when a task of Airflow submitted."""


class Event(StrEnum):
    """Why a watch ends."""

    WANTED = "wanted"  # it was parked, and shall run
    ENDED = "ended"  # nobody works, though it shall run
    PARK = "park"  # nobody works, and it shall not run


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One look at a stream."""

    desired: str
    epoch: int
    owned: bool
    alive: bool
    draining: bool
    silent_seconds: float | None  # since the owner's last sign of life; None: never one
    app_id: str | None
    ui_url: str | None
    reason: str | None
    driver_id: str | None
    token: str | None = None  # of the submission whose driver took this epoch
    submitted_by: str | None = None


SIGHT = (
    "select s.desired, l.epoch, l.owner is not null,"
    " coalesce(l.owner is not null and h.epoch = l.epoch"
    "   and h.heartbeat_at > clock_timestamp() - make_interval(secs => %(ttl)s), false),"
    " coalesce(l.owner is not null and l.epoch <= s.drain_epoch, false),"
    " extract(epoch from clock_timestamp() - greatest(h.heartbeat_at, l.taken_at))::float8,"
    " case when h.epoch = l.epoch then h.app_id end,"
    " case when h.epoch = l.epoch then h.ui_url end,"
    " s.reason, s.driver_id, a.token,"
    " (select b.submitted_by from ops.stream_submission b where b.stream = s.stream"
    "   and b.token = a.token order by b.submitted_at desc limit 1)"
    " from ops.stream s join ops.stream_lease l using (stream)"
    " left join ops.stream_start a on a.stream = l.stream and a.epoch = l.epoch"
    " left join ops.stream_heartbeat h on h.stream = s.stream where s.stream = %(stream)s"
)
"""For readers with a connection of another kind; `sight_of` makes a value of the row."""


def sight_parameters(stream: str) -> dict[str, Any]:
    """The parameters of SIGHT."""
    return {"stream": stream, "ttl": TTL_SECONDS}


def fetch_sight(connection: Pg, stream: str) -> Sight:
    """The stream as it is now."""
    return sight_of(connection.execute(SIGHT, sight_parameters(stream)).fetchone(), stream)


def sight_of(row: tuple[Any, ...] | None, stream: str) -> Sight:
    """A row of SIGHT as a value."""
    if row is None:
        raise ContractError(f"ops.stream has no row for {stream}", f"weir streams start {stream}")
    return Sight(
        desired=row[0],
        epoch=row[1],
        owned=row[2],
        alive=row[3],
        draining=row[4],
        silent_seconds=row[5],
        app_id=row[6] or None,
        ui_url=row[7],
        reason=row[8],
        driver_id=row[9],
        token=row[10],
        submitted_by=row[11],
    )


def is_anothers(token: str | None, now: Sight) -> bool:
    """Whether a later task of Airflow submitted the driver of the newest epoch.

    `token` is that of the submission which the asking task made or adopted.
    """
    by_airflow = (now.submitted_by or "").startswith(BY_AIRFLOW)
    return by_airflow and token is not None and now.token not in (None, token)


def followed_epoch(
    mine: int | None, first: Sight, now: Sight, means: int | None = None
) -> int | None:
    """The epoch to follow from now on; None: none has begun.

    A submission has begun when the epoch is the one that it `means` to take, or past the one that
    its watch met at first, or when the owner of that one lives and was not asked to go.
    """
    if mine is None and means is not None and now.epoch >= means:
        return now.epoch
    if now.epoch > (first.epoch if mine is None else mine):
        return now.epoch
    if mine is None and now.alive and not now.draining:
        return now.epoch
    return mine


def judge_sight(
    mine: int | None, parked: bool, first: Sight, now: Sight, *, watched_seconds: float
) -> Event | None:
    """Whether the watch ends, and why; None: go on. `first` was seen `watched_seconds` ago."""
    if parked:
        return Event.WANTED if now.desired == "run" else None
    works = now.owned and (now.alive or (now.silent_seconds or 0.0) <= SILENT_SECONDS)
    if now.desired != "run":
        return None if works else Event.PARK
    if followed_epoch(mine, first, now) is None:
        return Event.ENDED if watched_seconds > FIRST_LIFE_SECONDS else None
    return None if works else Event.ENDED
