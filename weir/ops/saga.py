"""Carrying out an operation on a stream, from whatever step it stands at."""

from __future__ import annotations

from weir.errors import ContractError, SettingError, Unavailable
from weir.ops import desired, operations
from weir.ops.drivers import fetch_drivers
from weir.ops.launch import ensure_driver, kill_driver
from weir.ops.lease import Pg
from weir.ops.master import WAITING, fetch_master
from weir.ops.operations import Operation, Step, Verb
from weir.ops.stopping import DRAIN_SECONDS, wait_until_quiet
from weir.ops.streams import StreamSpec
from weir.settings import Settings

STOP_SECONDS = 15.0


def carry_out(
    settings: Settings,
    connection: Pg,
    spec: StreamSpec,
    operation: Operation,
    *,
    drain_seconds: float = DRAIN_SECONDS,
    stop_seconds: float = STOP_SECONDS,
) -> Operation:
    """Do the remaining steps; the operation as it ended.

    Each step may be done twice. Raises Unavailable and leaves the operation open when a service
    is away or the time is over; an operation that cannot succeed ends as failed, and raises.
    """
    wait_seconds = drain_seconds if operation.verb is Verb.DRAIN else stop_seconds
    step: Step | None = operation.step
    outcome = ""
    while step is not None:
        if not _enter(connection, operation, step):
            break  # superseded, or ended by somebody else
        ended = False
        try:
            if step is Step.SUBMIT:
                outcome, ended = _submit(settings, connection, spec, operation), True
            elif step is Step.WAIT:
                outcome, ended = _wait(connection, operation, wait_seconds)
            elif step is Step.KILL:
                outcome, ended = _kill(settings, connection, spec.name), True
        except (ContractError, SettingError) as error:
            operations.finish(connection, operation.id, outcome=error.what, failed=True)
            raise
        step = None if ended else operations.step_after(operation.verb, step)
    else:
        operations.finish(connection, operation.id, outcome=outcome)
    return operations.fetch_operation(connection, operation.id)


def _enter(connection: Pg, operation: Operation, step: Step) -> bool:
    """Go to a step; False when the operation is no longer open.

    What is wanted changes in the same transaction, so that of two verbs the later one wins.
    """
    stream, who = operation.stream, operation.changed_by
    with connection.transaction():
        operations.lock_stream(connection, stream)
        if not operations.advance(connection, operation.id, step):
            return False
        if step is Step.WANT and operation.verb is Verb.START:
            desired.want_run(connection, stream, who)
        elif step is Step.WANT:
            desired.want_drained(connection, stream, who, f"{operation.verb} by {who}")
    return True


def _submit(settings: Settings, connection: Pg, spec: StreamSpec, operation: Operation) -> str:
    driver_id, new = ensure_driver(settings, connection, spec, changed_by=operation.changed_by)
    return f"{'submitted' if new else 'running as'} {driver_id}"


def _wait(connection: Pg, operation: Operation, within_seconds: float) -> tuple[str, bool]:
    """What to say of it, and whether nothing is left to do: a stop goes on to the kill."""
    stops = operation.verb is Verb.STOP
    try:
        given_back = wait_until_quiet(
            connection,
            operation.stream,
            within_seconds=within_seconds,
            go_on=lambda: operations.touch(connection, operation.id),
        )
    except Unavailable:
        if stops:
            return "still at work", False
        raise
    if given_back:
        return "stopped between two batches" if stops else "drained", True
    return "parked; its driver gives no sign of life", not stops


def _kill(settings: Settings, connection: Pg, stream: str) -> str:
    living = living_drivers(settings, connection, stream)
    for driver_id in living:
        kill_driver(settings, driver_id)
    return f"killed {', '.join(living) or 'nothing: no driver runs'}"


def living_drivers(settings: Settings, connection: Pg, stream: str) -> list[str]:
    """The drivers of a stream, by every record, that the master has in work."""
    known = fetch_drivers(connection, stream)
    master = fetch_master(settings)
    return [driver for driver in known if master.drivers.get(driver) in WAITING]
