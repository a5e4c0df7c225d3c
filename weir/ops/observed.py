"""What a stream is really doing. Derived from lease, heartbeat and progress, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from weir.errors import Unavailable
from weir.kafka.offsets import end_offsets
from weir.ops.lease import TTL_SECONDS, Pg
from weir.ops.streams import StreamSpec
from weir.settings import Settings

STARTING_SECONDS = 90.0
STALLED_SECONDS = 60.0


class Observed(StrEnum):
    """States of a stream, as people see them."""

    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    STALLED = "stalled"  # alive, has messages to count, counts none
    RESTARTING = "restarting"  # its owner is silent; a relaunch should follow
    ORPHANED = "orphaned"  # a driver works though nobody wants it
    PARKED = "parked"
    DOWN = "down"  # wanted, and nobody works


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What can be seen of a stream, ages by the database's clock."""

    desired: str
    owned: bool
    draining: bool
    heartbeat_seconds: float | None
    submitted_seconds: float | None
    taken_seconds: float | None  # since its epoch began
    progress_seconds: float | None
    lag_messages: int | None


@dataclass(frozen=True, kw_only=True)
class StreamState:
    """One line of `weir streams list`."""

    stream: str
    desired: str
    observed: str
    reason: str | None
    epoch: int | None
    driver_id: str | None
    app_id: str | None
    ui_url: str | None
    started_at: datetime | None
    heartbeat_seconds: float | None
    last_batch: dict[str, Any] | None
    lag_messages: int | None


def judge_state(signs: Signs) -> Observed:
    """The state that these signs mean."""
    alive = signs.owned and _below(TTL_SECONDS, signs.heartbeat_seconds)
    if alive and signs.draining:
        return Observed.DRAINING
    if signs.desired != "run":
        return Observed.ORPHANED if alive else Observed.PARKED
    submitted = _below(STARTING_SECONDS, signs.submitted_seconds)
    if not alive:
        # Who has just taken the lease gives its first sign of life in a moment.
        if submitted or (signs.owned and _below(TTL_SECONDS, signs.taken_seconds)):
            return Observed.STARTING
        return Observed.RESTARTING if signs.owned else Observed.DOWN
    if signs.progress_seconds is None:
        starting = submitted or _below(STARTING_SECONDS, signs.taken_seconds)
        return Observed.STARTING if starting or not signs.lag_messages else Observed.STALLED
    if signs.lag_messages and signs.progress_seconds > STALLED_SECONDS:
        return Observed.STALLED
    return Observed.RUNNING


def _below(limit: float, seconds: float | None) -> bool:
    return seconds is not None and seconds < limit


def fetch_state(settings: Settings, connection: Pg, spec: StreamSpec) -> StreamState:
    """What the stream does now; the lag is None while Kafka is away."""
    row = connection.execute(
        "select s.desired, s.reason, s.driver_id, l.epoch, l.owner is not null,"
        " coalesce(l.epoch <= s.drain_epoch, false) and l.owner is not null,"
        " extract(epoch from clock_timestamp() - h.heartbeat_at)::float8,"
        " extract(epoch from clock_timestamp() - s.submitted_at)::float8,"
        " h.app_id, h.ui_url, h.started_at, h.last_batch,"
        " (select extract(epoch from clock_timestamp() - max(p.ended_at))::float8"
        "  from ops.stream_progress p where p.stream = s.stream and p.epoch = l.epoch),"
        " extract(epoch from clock_timestamp() - l.taken_at)::float8"
        " from ops.stream s join ops.stream_lease l using (stream)"
        " left join ops.stream_heartbeat h using (stream) where stream = %s",
        [spec.name],
    ).fetchone()
    lag = fetch_lag(settings, connection, spec)
    if row is None:
        row = ("run", None, None, None, False, False, *[None] * 8)
    signs = Signs(
        desired=row[0],
        owned=row[4],
        draining=row[5],
        heartbeat_seconds=row[6],
        submitted_seconds=row[7],
        taken_seconds=row[13],
        progress_seconds=row[12],
        lag_messages=lag,
    )
    return StreamState(
        stream=spec.name,
        desired=row[0],
        observed=judge_state(signs).value,
        reason=row[1],
        epoch=row[3],
        driver_id=row[2],
        app_id=row[8],
        ui_url=row[9],
        started_at=row[10],
        heartbeat_seconds=None if row[6] is None else round(row[6], 1),
        last_batch=row[11],
        lag_messages=lag,
    )


def fetch_lag(settings: Settings, connection: Pg, spec: StreamSpec) -> int | None:
    """Offsets between what is counted and the topic's end; None while Kafka is away."""
    rows = connection.execute(
        "select partition, next_offset from ops.query_offset where stream = %s and topic = %s",
        [spec.name, spec.topic],
    ).fetchall()
    counted: Mapping[int, int] = dict(rows)
    if not counted:
        return None
    try:
        ends = end_offsets(settings, spec.topic)
    except Unavailable:
        return None
    return sum(max(0, ends[p] - counted.get(p, 0)) for p in ends)
