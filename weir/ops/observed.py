"""The state of a stream as it is now: lease, heartbeat, progress, Kafka's ends, Spark's master."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from weir.errors import Unavailable
from weir.ops.breaker import fetch_restarts
from weir.ops.lag import Lags, longest
from weir.ops.lag_reads import fetch_lags_once
from weir.ops.lease import Pg
from weir.ops.master import QUEUED, MasterState, fetch_master
from weir.ops.states import Desired, Signs, judge_state, meaning_of
from weir.ops.states import Observed as Observed
from weir.ops.streams import StreamSpec
from weir.settings import Settings


@dataclass(frozen=True, kw_only=True)
class StreamState:
    """One line of `weir streams list`."""

    stream: str
    desired: str
    observed: str
    reason: str | None
    means: str
    todo: str
    epoch: int | None
    driver_id: str | None
    app_id: str | None
    ui_url: str | None
    version: str | None
    started_at: datetime | None
    heartbeat_seconds: float | None
    last_batch: dict[str, Any] | None
    lag_messages: int | None
    lag_seconds: float | None
    restarts: int
    """Restarts within the time that the restart breaker looks at."""


UNSTARTED = "was never started: its system is not part of this start (WEIR_WITH)"

STATE = (
    "select s.desired, s.reason, s.driver_id, l.epoch, l.owner is not null as owned,"
    " coalesce(l.epoch <= s.drain_epoch, false) and l.owner is not null as draining,"
    " extract(epoch from clock_timestamp() - h.heartbeat_at)::float8 as heartbeat_seconds,"
    " extract(epoch from clock_timestamp() - s.submitted_at)::float8 as submitted_seconds,"
    " s.submitted_at is null and l.epoch = 0 as unstarted,"
    " extract(epoch from clock_timestamp() - l.taken_at)::float8 as taken_seconds,"
    " (select extract(epoch from clock_timestamp() - max(p.ended_at))::float8"
    "  from ops.stream_progress p where p.stream = s.stream and p.epoch = l.epoch)"
    "  as progress_seconds,"
    " case when h.epoch = l.epoch then h.app_id end as app_id, h.ui_url, h.version,"
    " h.started_at, h.last_batch"
    " from ops.stream s join ops.stream_lease l using (stream)"
    " left join ops.stream_heartbeat h using (stream) where stream = %s"
)


def fetch_state(
    settings: Settings,
    connection: Pg,
    spec: StreamSpec,
    master: MasterState | None = None,
    lags: Lags | None = None,
) -> StreamState:
    """What the stream does now; the lag is None while Kafka is away.

    `master` and `lags` save a question each when several states are asked for.
    """
    cursor = connection.execute(STATE, [spec.name])
    row = cursor.fetchone()
    names = [column.name for column in cursor.description or ()]
    seen: dict[str, Any] = dict.fromkeys(names)
    seen |= {"desired": Desired.RUN.value, "owned": False, "unstarted": True}
    if row is not None:
        seen = dict(zip(names, row, strict=True))
    if seen["unstarted"] and seen["desired"] == Desired.RUN and spec.system:
        seen |= {"desired": Desired.DRAINED.value, "reason": UNSTARTED}
    lag = (lags or fetch_lags_once(connection, settings)).of(spec.name)
    lag_messages = sum(part.messages for part in lag) if lag else None
    lag_seconds = longest(part.seconds for part in lag) if lag else None
    master = master or fetch_master_or_none(settings)
    apps = master.applications if master else ()
    signs = Signs(
        desired=seen["desired"],
        owned=seen["owned"],
        draining=bool(seen["draining"]),
        heartbeat_seconds=seen["heartbeat_seconds"],
        submitted_seconds=seen["submitted_seconds"],
        taken_seconds=seen["taken_seconds"],
        progress_seconds=seen["progress_seconds"],
        lag_messages=lag_messages,
        waiting_seconds=lag_seconds,
        stalled_seconds=spec.health.stalled_seconds,
        queued=master is not None and master.drivers.get(seen["driver_id"] or "") == QUEUED,
        slotless=any(app.id == seen["app_id"] and app.waiting for app in apps),
        app_started=bool(seen["app_id"]),
    )
    observed = judge_state(signs)
    meaning = meaning_of(signs.desired, observed)
    beat = seen["heartbeat_seconds"]
    return StreamState(
        stream=spec.name,
        desired=signs.desired,
        observed=observed.value,
        reason=seen["reason"],
        means=meaning.means,
        todo=meaning.todo.replace("NAME", spec.name).replace("`", ""),
        epoch=seen["epoch"],
        driver_id=seen["driver_id"],
        app_id=seen["app_id"] or None,
        ui_url=seen["ui_url"],
        version=seen["version"],
        started_at=seen["started_at"],
        heartbeat_seconds=None if beat is None else round(beat, 1),
        last_batch=seen["last_batch"],
        lag_messages=lag_messages,
        lag_seconds=lag_seconds,
        restarts=fetch_restarts(connection, spec.name, spec.restarts),
    )


def fetch_master_or_none(settings: Settings) -> MasterState | None:
    """Spark's master, or None while it is away: a stream's driver lives on without it."""
    try:
        return fetch_master(settings)
    except Unavailable:
        return None
