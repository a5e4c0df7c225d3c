"""`ops.operation`: an order to a stream as a resumable saga, at most one open per stream.

Each step can be done twice without harm, so that after a crash anybody may do it again:

  start   want, submit
  drain   want, wait
  stop    want, wait a little, kill

The newest wish wins: another verb ends the open one as superseded, the same verb joins it.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb

from weir.ops.lease import Pg

STALE_SECONDS = 30.0
"""An open operation that nobody touched for so long has lost its owner."""


class Verb(StrEnum):
    """What can be ordered."""

    START = "start"
    DRAIN = "drain"
    STOP = "stop"


class Step(StrEnum):
    """Where an operation stands: what is to be done next."""

    WANT = "want"
    SUBMIT = "submit"
    WAIT = "wait"
    KILL = "kill"


STEPS: dict[Verb, tuple[Step, ...]] = {
    Verb.START: (Step.WANT, Step.SUBMIT),
    Verb.DRAIN: (Step.WANT, Step.WAIT),
    Verb.STOP: (Step.WANT, Step.WAIT, Step.KILL),
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One row of `ops.operation`."""

    id: int
    stream: str
    verb: Verb
    step: Step
    arguments: dict[str, Any]
    owner: str
    state: str
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None

    @property
    def changed_by(self) -> str:
        """Who ordered it."""
        return str(self.arguments.get("changed_by", self.owner))


def step_after(verb: Verb, step: Step) -> Step | None:
    """The step that follows; None at the end."""
    steps = STEPS[verb]
    rest = steps[steps.index(step) + 1 :]
    return rest[0] if rest else None


def this_owner() -> str:
    """This process, as operations name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


COLUMNS = "id, stream, verb, step, arguments, owner, state, outcome, started_at, ended_at"


def _operation(row: tuple[Any, ...]) -> Operation:
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    return Operation(**values | {"verb": Verb(values["verb"]), "step": Step(values["step"])})


def open_operation(
    connection: Pg, stream: str, verb: Verb, *, owner: str, **arguments: object
) -> Operation:
    """A new open operation, or the open one of the same verb; another verb is superseded."""
    with connection.transaction():
        lock_stream(connection, stream)
        present = fetch_open(connection, stream)
        if present is not None and present.verb is verb:
            return present
        if present is not None:
            finish(connection, present.id, failed=True, outcome=f"superseded by {verb}")
        row = connection.execute(
            "insert into ops.operation (stream, verb, step, arguments, owner)"
            f" values (%s, %s, %s, %s, %s) returning {COLUMNS}",
            [stream, verb.value, STEPS[verb][0].value, Jsonb(arguments), owner],
        ).fetchone()
    assert row is not None
    return _operation(row)


def lock_stream(connection: Pg, stream: str) -> None:
    """Until the transaction ends nobody else opens an operation, or says what is wanted."""
    connection.execute("select from ops.stream where stream = %s for update", [stream])


def fetch_operation(connection: Pg, operation_id: int) -> Operation:
    """One operation by its number."""
    row = connection.execute(
        f"select {COLUMNS} from ops.operation where id = %s", [operation_id]
    ).fetchone()
    assert row is not None, f"no operation {operation_id}"
    return _operation(row)


def fetch_open(connection: Pg, stream: str) -> Operation | None:
    """The open operation of a stream."""
    row = connection.execute(
        f"select {COLUMNS} from ops.operation where stream = %s and state = 'open'", [stream]
    ).fetchone()
    return None if row is None else _operation(row)


def fetch_recent(connection: Pg, stream: str, limit: int = 20) -> list[Operation]:
    """The newest operations of a stream, newest first."""
    rows = connection.execute(
        f"select {COLUMNS} from ops.operation where stream = %s order by id desc limit %s",
        [stream, limit],
    ).fetchall()
    return [_operation(row) for row in rows]


def fetch_abandoned(connection: Pg, stale_seconds: float = STALE_SECONDS) -> list[Operation]:
    """Open operations that nobody works on any more."""
    rows = connection.execute(
        f"select {COLUMNS} from ops.operation where state = 'open'"
        " and updated_at < clock_timestamp() - make_interval(secs => %s) order by id",
        [stale_seconds],
    ).fetchall()
    return [_operation(row) for row in rows]


def claim(connection: Pg, operation: Operation, owner: str) -> bool:
    """Take an abandoned operation over; False if somebody was faster."""
    return (
        connection.execute(
            "update ops.operation set owner = %s, updated_at = clock_timestamp()"
            " where id = %s and owner = %s and state = 'open'",
            [owner, operation.id, operation.owner],
        ).rowcount
        == 1
    )


def touch(connection: Pg, operation_id: int) -> bool:
    """Say that somebody works on it; False when it is no longer open."""
    return (
        connection.execute(
            "update ops.operation set updated_at = clock_timestamp()"
            " where id = %s and state = 'open'",
            [operation_id],
        ).rowcount
        == 1
    )


def advance(connection: Pg, operation_id: int, step: Step) -> bool:
    """Go to a step; False when it is no longer open."""
    return (
        connection.execute(
            "update ops.operation set step = %s, updated_at = clock_timestamp()"
            " where id = %s and state = 'open'",
            [step.value, operation_id],
        ).rowcount
        == 1
    )


def finish(connection: Pg, operation_id: int, *, outcome: str, failed: bool = False) -> None:
    """End an open operation with a sentence; nothing when it is over."""
    connection.execute(
        "update ops.operation set state = %s, outcome = %s, updated_at = clock_timestamp(),"
        " ended_at = clock_timestamp() where id = %s and state = 'open'",
        ["failed" if failed else "done", outcome, operation_id],
    )
