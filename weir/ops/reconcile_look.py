"""What reconcile looks at: the records of a stream beside the master's drivers."""

from __future__ import annotations

from weir.ops.breaker import fetch_restarts
from weir.ops.drivers import KnownDriver, fetch_known
from weir.ops.forsaken import Run, judge_run
from weir.ops.lease import TTL_SECONDS, Pg
from weir.ops.master import QUEUED, WAITING, MasterState
from weir.ops.reconcile import LivingDriver, Look
from weir.ops.streams import StreamSpec

FIRST_WORD_SECONDS = 90.0
"""A driver that has not taken the lease by then is late; it may still be starting."""
DIED = frozenset({"RUNNING", "ERROR", "FAILED", "KILLED"})
"""States in which a driver that never took the lease counts as lost (RUNNING: it is relaunched)."""

LOOK = (
    "select s.desired, extract(epoch from clock_timestamp() - s.changed_at)::float8,"
    " coalesce(l.owner is not null and h.epoch = l.epoch"
    "   and h.heartbeat_at > clock_timestamp() - make_interval(secs => %(ttl)s), false),"
    " coalesce(l.owner is not null and l.epoch <= s.drain_epoch, false),"
    " case when l.owner is not null then (select a.driver_id from ops.stream_start a"
    "   where a.stream = l.stream and a.epoch = l.epoch) end,"
    " extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8,"
    " coalesce(extract(epoch from clock_timestamp() - l.taken_at), 0)::float8,"
    " case when l.owner is not null then"
    "   extract(epoch from clock_timestamp() - greatest(h.heartbeat_at, l.taken_at))::float8 end"
    " from ops.stream s join ops.stream_lease l using (stream)"
    " left join ops.stream_heartbeat h using (stream) where stream = %(stream)s"
)


def fetch_look(
    connection: Pg, spec: StreamSpec, master: MasterState, run: Run | None = None
) -> Look:
    """The stream as it is now; `run` is what Airflow knows of it."""
    row = connection.execute(LOOK, {"stream": spec.name, "ttl": TTL_SECONDS}).fetchone()
    assert row is not None, f"no row for {spec.name}"
    wanted, unwanted_seconds, alive, draining, owner_driver, postgres_seconds, *rest = row
    epoch_seconds, silent_seconds = rest
    known = fetch_known(connection, spec.name)
    living = [d for d in known if master.drivers.get(d.driver_id) in WAITING]
    at_work = bool(living) or spec.name in master.apps
    return Look(
        desired=wanted,
        unwanted_seconds=unwanted_seconds,
        alive=alive,
        draining=draining,
        owner_driver=owner_driver,
        drivers=tuple(
            LivingDriver(driver_id=d.driver_id, known_seconds=d.known_seconds) for d in living
        ),
        restarts=fetch_restarts(connection, spec.name, spec.restarts),
        lost=_lost(known, master),
        mute_seconds=_mute_seconds(known, master, postgres_seconds),
        forgotten_seconds=None if at_work or draining else silent_seconds,
        forsaken=judge_run(run, epoch_seconds),
    )


def _lost(known: list[KnownDriver], master: MasterState) -> int:
    """Submissions since the last start and the last `start`, dead before their first word."""
    return sum(
        master.drivers.get(d.driver_id) in DIED and d.known_seconds > FIRST_WORD_SECONDS
        for d in known
        if d.silent and d.fresh
    )


def _mute_seconds(
    known: list[KnownDriver], master: MasterState, postgres_seconds: float
) -> float | None:
    newest = known[-1] if known else None
    if newest is None or not newest.silent or not newest.fresh:
        return None
    state = master.drivers.get(newest.driver_id)
    if state not in WAITING or state == QUEUED:
        return None
    return min(newest.known_seconds, postgres_seconds)
