"""Ask the driver that a task means to stop at a batch boundary, and no other driver.

The request is tied to an epoch: if it comes late, after a restart, the new driver goes on. It is
one quick statement and nothing waits for its effect, because a triggerer cuts `on_kill` short.
"""

from __future__ import annotations

from weir.ops.adopt import request_drain
from weir.ops.follow import Sight, fetch_sight
from weir.ops.lease import ensure_stream
from weir.settings import Settings
from weir.store.postgres import connect


def meant(now: Sight, followed: int | None) -> int:
    """The epoch that a stop asked for now is about.

    `followed` is the one the task knows. A submission that has not taken the lease yet will take
    the next one.
    """
    if followed is not None:
        return followed
    return now.epoch if now.owned else now.epoch + 1


def epoch_meant(settings: Settings, stream: str, followed: int | None) -> int:
    """`meant`, by a look at the stream."""
    with connect(settings.dsn_file, application_name="weir-airflow") as connection:
        ensure_stream(connection, stream)
        return meant(fetch_sight(connection, stream), followed)


def next_epoch(settings: Settings, stream: str, at_least: int) -> int:
    """The epoch that a driver submitted just now takes, if it has not taken it yet."""
    with connect(settings.dsn_file, application_name="weir-airflow") as connection:
        now = fetch_sight(connection, stream)
    return max(at_least, now.epoch + 1 if now.draining or not now.alive else now.epoch)


def newest_token(settings: Settings, stream: str) -> str | None:
    """The token of the newest submission, which a task has just made or adopted."""
    with connect(settings.dsn_file, application_name="weir-airflow") as connection:
        row = connection.execute(
            "select token from ops.stream where stream = %s", [stream]
        ).fetchone()
    return None if row is None else row[0]


def ask_to_drain(settings: Settings, stream: str, epoch: int) -> None:
    """Ask; nothing else is changed, and nothing happens if that epoch is over."""
    with connect(settings.dsn_file, application_name="weir-airflow") as connection:
        request_drain(connection, stream, epoch)
