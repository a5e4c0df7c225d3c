"""What people want of a stream (`ops.stream`), and what is known of its newest submission."""

from __future__ import annotations

from dataclasses import dataclass

from weir.ops.audit import note_deed
from weir.ops.lease import TTL_SECONDS, Pg


@dataclass(frozen=True, kw_only=True)
class Submission:
    """The newest submission of a stream, and whether a driver shows signs of life."""

    driver_id: str | None
    submitted_seconds_ago: float
    alive: bool
    draining: bool
    successor: bool = False  # the owner of the lease is another submission
    silent_seconds: float | None = None  # since the owner's last sign of life
    over: bool = False  # its driver had the lease, and has it no more


def fetch_desired(connection: Pg, stream: str) -> str:
    """What people want of the stream; `run` before its first start."""
    row = connection.execute(
        "select desired from ops.stream where stream = %s", [stream]
    ).fetchone()
    return "run" if row is None else str(row[0])


def want_run(connection: Pg, stream: str, changed_by: str) -> None:
    """The stream shall run; forgets why it was parked, and the restarts so far."""
    with connection.transaction():
        connection.execute(
            "update ops.stream set desired = 'run', reason = null, changed_by = %s,"
            " changed_at = clock_timestamp() where stream = %s and desired <> 'run'",
            [changed_by, stream],
        )
        connection.execute(
            "update ops.stream_lease set barren_starts = 0,"
            " breaker_reset_at = clock_timestamp() where stream = %s",
            [stream],
        )


def want_drained(connection: Pg, stream: str, changed_by: str, reason: str) -> None:
    """The stream shall stop at a batch boundary and stay parked until `want_run`.

    One that failed stays failed, with its reason.
    """
    with connection.transaction():
        connection.execute(
            "update ops.stream s set drain_epoch = l.epoch"
            " from ops.stream_lease l where l.stream = s.stream and s.stream = %s",
            [stream],
        )
        connection.execute(
            "update ops.stream set desired = 'drained', reason = %s, changed_by = %s,"
            " changed_at = clock_timestamp() where stream = %s and desired = 'run'",
            [reason, changed_by, stream],
        )


def declare_failed(connection: Pg, stream: str, epoch: int, reason: str) -> bool:
    """A driver of `epoch` gives up: parked until a person starts it; nothing for an old epoch."""
    who = f"driver of epoch {epoch}"
    return fail(connection, stream, reason, who=who, via="driver", epoch=epoch)


def fail(
    connection: Pg, stream: str, reason: str, *, who: str, via: str, epoch: int | None = None
) -> bool:
    """Park a wanted stream as failed; False if it is not wanted, or at another epoch."""
    with connection.transaction():
        failed = connection.execute(
            "update ops.stream s set desired = 'failed', drain_epoch = l.epoch, reason = %s,"
            " changed_by = %s, changed_at = clock_timestamp()"
            " from ops.stream_lease l where l.stream = s.stream and s.stream = %s"
            " and l.epoch = coalesce(%s, l.epoch) and s.desired = 'run' returning l.epoch",
            [reason, who, stream, epoch],
        ).fetchone()
        if failed is not None:
            note_deed(
                connection,
                who=who,
                via=via,
                action="stream.failed",
                subject=stream,
                epoch=failed[0],
                reason=reason,
            )
    return failed is not None


def request_drain(connection: Pg, stream: str, epoch: int) -> None:
    """Epochs up to this one shall stop at a batch boundary; what people want stays as it is."""
    connection.execute(
        "update ops.stream set drain_epoch = greatest(coalesce(drain_epoch, 0), %s)"
        " where stream = %s",
        [epoch, stream],
    )


def note_submission(
    connection: Pg, stream: str, token: str, driver_id: str, submitted_by: str = "unknown"
) -> None:
    """Record the newest submission."""
    with connection.transaction():
        connection.execute(
            "update ops.stream set token = %s, driver_id = %s, submitted_at = clock_timestamp()"
            " where stream = %s",
            [token, driver_id, stream],
        )
        # A master without memory may give a number again.
        connection.execute(
            "insert into ops.stream_submission (driver_id, stream, token, submitted_by)"
            " values (%s, %s, %s, %s) on conflict (driver_id) do update"
            " set stream = excluded.stream, token = excluded.token,"
            " submitted_by = excluded.submitted_by, submitted_at = excluded.submitted_at",
            [driver_id, stream, token, submitted_by],
        )


def fetch_submission(connection: Pg, stream: str) -> Submission:
    """The newest submission, judged by the database's clock."""
    row = connection.execute(
        "select s.driver_id,"
        " coalesce(extract(epoch from clock_timestamp() - s.submitted_at), 1e9)::float8,"
        " l.owner is not null and h.epoch = l.epoch"
        "   and h.heartbeat_at > clock_timestamp() - make_interval(secs => %s),"
        " l.epoch <= s.drain_epoch and l.owner is not null,"
        " s.token is distinct from l.token,"
        " extract(epoch from clock_timestamp() - greatest(h.heartbeat_at, l.taken_at))::float8,"
        " s.token is distinct from l.token and exists (select from ops.stream_start a"
        "   where a.stream = s.stream and a.token = s.token)"
        " from ops.stream s join ops.stream_lease l using (stream)"
        " left join ops.stream_heartbeat h using (stream) where stream = %s",
        [TTL_SECONDS, stream],
    ).fetchone()
    assert row is not None, f"no row for {stream}"
    return Submission(
        driver_id=row[0],
        submitted_seconds_ago=row[1],
        alive=bool(row[2]),
        draining=bool(row[3]),
        successor=bool(row[4]),
        silent_seconds=row[5],
        over=bool(row[6]),
    )
