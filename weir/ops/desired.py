"""What people want of a stream (`ops.stream`), and what is known of its newest submission."""

from __future__ import annotations

from dataclasses import dataclass

from weir.ops.lease import TTL_SECONDS, Pg


@dataclass(frozen=True, kw_only=True)
class Submission:
    """The newest submission of a stream, and whether a driver shows signs of life."""

    driver_id: str | None
    submitted_seconds_ago: float
    alive: bool
    draining: bool


def fetch_desired(connection: Pg, stream: str) -> str:
    """What people want of the stream; `run` before its first start."""
    row = connection.execute(
        "select desired from ops.stream where stream = %s", [stream]
    ).fetchone()
    return "run" if row is None else str(row[0])


def want_run(connection: Pg, stream: str, changed_by: str) -> None:
    """The stream shall run; forgets why it was parked."""
    with connection.transaction():
        connection.execute(
            "update ops.stream set desired = 'run', reason = null, changed_by = %s,"
            " changed_at = clock_timestamp() where stream = %s and desired <> 'run'",
            [changed_by, stream],
        )
        connection.execute(
            "update ops.stream_lease set barren_starts = 0 where stream = %s", [stream]
        )


def want_drained(connection: Pg, stream: str, changed_by: str, reason: str) -> None:
    """The stream shall stop at a batch boundary and stay parked until `want_run`."""
    connection.execute(
        "update ops.stream s set desired = 'drained', drain_epoch = l.epoch, reason = %s,"
        " changed_by = %s, changed_at = clock_timestamp()"
        " from ops.stream_lease l where l.stream = s.stream and s.stream = %s",
        [reason, changed_by, stream],
    )


def declare_failed(connection: Pg, stream: str, epoch: int, reason: str) -> None:
    """A driver of `epoch` gives up: parked until a person starts it; nothing for an old epoch."""
    connection.execute(
        "update ops.stream s set desired = 'failed', drain_epoch = l.epoch, reason = %s,"
        " changed_by = %s, changed_at = clock_timestamp()"
        " from ops.stream_lease l"
        " where l.stream = s.stream and s.stream = %s and l.epoch = %s and s.desired = 'run'",
        [reason, f"driver of epoch {epoch}", stream, epoch],
    )


def note_submission(connection: Pg, stream: str, token: str, driver_id: str) -> None:
    """Record the newest submission."""
    connection.execute(
        "update ops.stream set token = %s, driver_id = %s, submitted_at = clock_timestamp()"
        " where stream = %s",
        [token, driver_id, stream],
    )


def fetch_submission(connection: Pg, stream: str) -> Submission:
    """The newest submission, judged by the database's clock."""
    row = connection.execute(
        "select s.driver_id,"
        " coalesce(extract(epoch from clock_timestamp() - s.submitted_at), 1e9)::float8,"
        " l.owner is not null and h.epoch = l.epoch"
        "   and h.heartbeat_at > clock_timestamp() - make_interval(secs => %s),"
        " l.epoch <= s.drain_epoch and l.owner is not null"
        " from ops.stream s join ops.stream_lease l using (stream)"
        " left join ops.stream_heartbeat h using (stream) where stream = %s",
        [TTL_SECONDS, stream],
    ).fetchone()
    assert row is not None, f"no row for {stream}"
    return Submission(
        driver_id=row[0], submitted_seconds_ago=row[1], alive=bool(row[2]), draining=bool(row[3])
    )
