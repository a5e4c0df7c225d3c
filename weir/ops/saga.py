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
    step: Step | None = operation.step
    outcome = ""
    while step is not None:
        if not operations.advance(connection, operation.id, step):
            break  # superseded, or ended by somebody else
        try:
            outcome, quiet = _do(
                settings,
                connection,
                spec,
                operation,
                step,
                drain_seconds if operation.verb is Verb.DRAIN else stop_seconds,
            )
        except (ContractError, SettingError) as error:
            operations.finish(connection, operation.id, outcome=error.what, failed=True)
            raise
        step = None if quiet else operations.step_after(operation.verb, step)
    else:
        operations.finish(connection, operation.id, outcome=outcome)
    return operations.fetch_operation(connection, operation.id)


def _do(
    settings: Settings,
    connection: Pg,
    spec: StreamSpec,
    operation: Operation,
    step: Step,
    wait_seconds: float,
) -> tuple[str, bool]:
    """One step; what to say of it, and whether nothing is left to do."""
    who, verb = operation.changed_by, operation.verb
    if step is Step.WANT:
        if verb is Verb.START:
            desired.want_run(connection, spec.name, who)
            return "wanted", False
        desired.want_drained(connection, spec.name, who, f"{verb} by {who}")
        return "asked to stop", False
    if step is Step.SUBMIT:
        driver_id, new = ensure_driver(settings, connection, spec, changed_by=who)
        return f"{'submitted' if new else 'running as'} {driver_id}", True
    if step is Step.WAIT:
        try:
            wait_until_quiet(
                connection,
                spec.name,
                within_seconds=wait_seconds,
                go_on=lambda: operations.touch(connection, operation.id),
            )
        except Unavailable:
            if verb is Verb.STOP:
                return "still at work", False
            raise
        return "drained" if verb is Verb.DRAIN else "stopped between two batches", True
    living = living_drivers(settings, connection, spec.name)
    for driver_id in living:
        kill_driver(settings, driver_id)
    return f"killed {', '.join(living) or 'nothing: no driver runs'}", True


def living_drivers(settings: Settings, connection: Pg, stream: str) -> list[str]:
    """The drivers of a stream, by every record, that the master has in work."""
    known = fetch_drivers(connection, stream)
    master = fetch_master(settings)
    return [driver for driver in known if master.drivers.get(driver) in WAITING]
