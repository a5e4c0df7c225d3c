"""Who may write for a stream: one lease with a rising epoch, and the proof of life beside it.

The decision is pure (`judge_start`); the SQL around it changes a lease only by comparing its
epoch, so of many starters one wins. A takeover ends the old owner's connections first: a
stopped process that holds the row lock would block its successor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from weir.errors import ContractError

TTL_SECONDS = 10.0
BEAT_SECONDS = 2.0
MAX_BARREN_STARTS = 8

Pg = Connection[tuple[Any, ...]]


class Verdict(StrEnum):
    """What a starting driver does."""

    TAKE = "take"
    WAIT = "wait"
    AGAIN = "again"  # wait, and watch anew from now on
    LEAVE = "leave"
    GIVE_UP = "give up"  # park the stream: this submission only dies


class Fenced(ContractError):
    """A newer driver holds the lease; this process must write nothing more."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The lease row of a stream together with what people want and the last proof of life."""

    stream: str
    desired: str
    drain_epoch: int | None
    epoch: int
    owner: str | None
    token: str | None
    barren_starts: int
    beat: tuple[int, int] | None  # (epoch, beat): moves while somebody works

    @property
    def draining(self) -> bool:
        """Whether the present owner was asked to stop at a batch boundary."""
        return self.drain_epoch is not None and self.epoch <= self.drain_epoch


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One proof of life, with what a person wants to know about the driver."""

    epoch: int
    beat: int
    started_at: datetime
    app_id: str
    ui_url: str | None
    version: str
    last_batch: dict[str, Any] | None


def judge_start(
    first: Lease, now: Lease, *, my_token: str, watched_seconds: float, ttl: float = TTL_SECONDS
) -> tuple[Verdict, str]:
    """What a starting driver does, and why.

    `first` is the lease when the driver began to watch, `now` what it is after
    `watched_seconds`. A relaunch (same token) follows its own dead predecessor at once.
    """
    if now.desired != "run":
        return Verdict.LEAVE, f"the stream is {now.desired}"
    if now.token == my_token and now.draining:
        return Verdict.LEAVE, f"epoch {now.epoch} was asked to drain"
    if now.barren_starts >= MAX_BARREN_STARTS and now.token == my_token:
        return Verdict.GIVE_UP, f"{now.barren_starts} starts in a row did no work"
    if now.token == my_token:
        return Verdict.TAKE, "a relaunch of the owner"
    if now.epoch != first.epoch:
        return Verdict.LEAVE, f"another driver took epoch {now.epoch}"
    if now.owner is None:
        return Verdict.TAKE, "the lease is free"
    if now.beat != first.beat:
        # It gives the lease back, or dies and is taken over after a new watch.
        verdict = Verdict.AGAIN if now.draining else Verdict.LEAVE
        return verdict, f"{now.owner} is {'draining' if now.draining else 'alive'}"
    if watched_seconds >= ttl:
        return Verdict.TAKE, f"{now.owner} gave no sign of life for {watched_seconds:.1f} s"
    return Verdict.WAIT, f"watching {now.owner}"


def application_name(stream: str, epoch: int) -> str:
    """Name of the owner's connections; its takeover ends those of lower epochs."""
    return f"weir:{stream}:{epoch}"


def ensure_stream(connection: Pg, stream: str) -> None:
    """Make the stream's two rows; harmless when they are there."""
    with connection.transaction():
        connection.execute(
            "insert into ops.stream (stream) values (%s) on conflict do nothing", [stream]
        )
        connection.execute(
            "insert into ops.stream_lease (stream) values (%s) on conflict do nothing", [stream]
        )


def fetch_lease(connection: Pg, stream: str) -> Lease:
    """The lease as it is now."""
    row = connection.execute(
        "select s.desired, s.drain_epoch, l.epoch, l.owner, l.token, l.barren_starts,"
        " h.epoch, h.beat"
        " from ops.stream s join ops.stream_lease l using (stream)"
        " left join ops.stream_heartbeat h using (stream) where stream = %s",
        [stream],
    ).fetchone()
    if row is None:
        raise ContractError(f"ops.stream has no row for {stream}", f"weir streams start {stream}")
    return Lease(
        stream=stream,
        desired=row[0],
        drain_epoch=row[1],
        epoch=row[2],
        owner=row[3],
        token=row[4],
        barren_starts=row[5],
        beat=None if row[6] is None else (row[6], row[7]),
    )


def acquire(
    connection: Pg, seen: Lease, *, owner: str, token: str, driver_id: str | None = None
) -> int | None:
    """Take the lease if it still is as `seen`; the new epoch, or None if another was faster.

    The start is recorded; `unclean` when the epoch before did not give the lease back.
    """
    connection.execute(
        "select pg_terminate_backend(pid, 2000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and application_name ~ ('^weir:' || %s || ':[0-9]+$')"
        " and substring(application_name from '[0-9]+$')::bigint <= %s",
        [seen.stream, seen.epoch],
    )
    row = connection.execute(
        "with taken as (update ops.stream_lease set epoch = epoch + 1, owner = %s, token = %s,"
        "  taken_at = clock_timestamp(),"
        "  barren_starts = case when token = %s then barren_starts + 1 else 1 end"
        "  where stream = %s and epoch = %s returning stream, epoch, token)"
        " insert into ops.stream_start (stream, epoch, token, driver_id, unclean)"
        " select stream, epoch, token, %s, %s from taken returning epoch",
        [owner, token, token, seen.stream, seen.epoch, driver_id, seen.owner is not None],
    ).fetchone()
    return None if row is None else int(row[0])


def held_leases(connection: Pg) -> list[tuple[str, int]]:
    """Stream and epoch of each lease that has an owner; none before the first migration."""
    exists = connection.execute("select to_regclass('ops.stream_lease')").fetchone()
    if exists is None or exists[0] is None:
        return []
    rows = connection.execute(
        "select stream, epoch from ops.stream_lease where owner is not null"
    ).fetchall()
    return [(str(stream), int(epoch)) for stream, epoch in rows]


def release(connection: Pg, stream: str, epoch: int) -> bool:
    """Give the lease back; False if it is no longer this epoch's."""
    return (
        connection.execute(
            "update ops.stream_lease set owner = null, token = null, barren_starts = 0"
            " where stream = %s and epoch = %s",
            [stream, epoch],
        ).rowcount
        == 1
    )


def retire(connection: Pg, seen: Lease) -> None:
    """Free the lease of an owner that is dead, and fence it in case it is not."""
    connection.execute(
        "update ops.stream_lease set epoch = epoch + 1, owner = null, token = null,"
        " barren_starts = 0 where stream = %s and epoch = %s",
        [seen.stream, seen.epoch],
    )


def check(connection: Pg, stream: str, epoch: int) -> None:
    """Raise Fenced early if a newer driver holds the lease; only `hold` decides."""
    row = connection.execute(
        "select epoch from ops.stream_lease where stream = %s", [stream]
    ).fetchone()
    _refuse_other(row, stream, epoch)


def hold(connection: Pg, stream: str, epoch: int) -> None:
    """Inside the deciding transaction, as late as possible: no newer epoch until it ends.

    Raises Fenced. A takeover waits for this share lock, or ends this connection.
    """
    row = connection.execute(
        "select epoch from ops.stream_lease where stream = %s for share", [stream]
    ).fetchone()
    _refuse_other(row, stream, epoch)


def _refuse_other(row: tuple[Any, ...] | None, stream: str, epoch: int) -> None:
    if row is None or row[0] != epoch:
        raise Fenced(f"{stream}: epoch {epoch} is over, the lease is at {row and row[0]}")


def note_work(connection: Pg, stream: str, epoch: int) -> None:
    """Record that this start was not barren: it counted a batch, or lived a minute."""
    connection.execute(
        "update ops.stream_lease set barren_starts = 0 where stream = %s and epoch = %s",
        [stream, epoch],
    )


def send_beat(connection: Pg, stream: str, beat: Beat) -> Lease:
    """Write the proof of life and return the lease as it stands. Raises Fenced."""
    written = connection.execute(
        "insert into ops.stream_heartbeat as h (stream, epoch, beat, heartbeat_at, started_at,"
        " app_id, ui_url, version, last_batch)"
        " select stream, %(epoch)s, %(beat)s, clock_timestamp(), %(started_at)s, %(app_id)s,"
        " %(ui_url)s, %(version)s, %(last_batch)s"
        " from ops.stream_lease where stream = %(stream)s and epoch = %(epoch)s"
        " on conflict (stream) do update set epoch = excluded.epoch, beat = excluded.beat,"
        " heartbeat_at = excluded.heartbeat_at, started_at = excluded.started_at,"
        " app_id = excluded.app_id, ui_url = excluded.ui_url, version = excluded.version,"
        " last_batch = coalesce(excluded.last_batch, h.last_batch)"
        " where h.epoch <= excluded.epoch",
        {**beat.__dict__, "stream": stream, "last_batch": _jsonb(beat.last_batch)},
    ).rowcount
    if written != 1:
        raise Fenced(f"{stream}: epoch {beat.epoch} is over, its proof of life was refused")
    return fetch_lease(connection, stream)


def _jsonb(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)
