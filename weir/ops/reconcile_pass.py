"""One pass of `weir reconcile` over the declared streams: look, judge, act, tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from weir.errors import WeirError
from weir.ops import desired, operations
from weir.ops.adopt import bring_up
from weir.ops.audit import note_deed
from weir.ops.forsaken import Run
from weir.ops.launch import kill_driver
from weir.ops.lease import Pg, ensure_stream, fetch_lease
from weir.ops.master import fetch_master
from weir.ops.reconcile import Act, Deed, judge_look
from weir.ops.reconcile_look import fetch_look
from weir.ops.saga import carry_out
from weir.ops.streams import StreamSpec
from weir.settings import Settings

WHO = "reconcile"
PASS_SECONDS = 2.0
"""A drain that goes on longer is looked at again in the next pass."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a pass did, or would do."""

    stream: str
    act: str
    reason: str
    driver_id: str | None = None
    outcome: str = ""


def reconcile(
    settings: Settings,
    connection: Pg,
    specs: Iterable[StreamSpec],
    *,
    dry_run: bool = False,
    runs: Mapping[str, Run] | None = None,
) -> Iterator[Done]:
    """Look at each stream once and put it right; `runs` is what Airflow knows, by stream.

    Raises Unavailable while the master is away.
    """
    known = {spec.name: spec for spec in specs}
    yield from _resume(settings, connection, known, dry_run)
    master = fetch_master(settings)
    for spec in known.values():
        ensure_stream(connection, spec.name)
        look = fetch_look(connection, spec, master, (runs or {}).get(spec.name))
        for deed in judge_look(look, spec.restarts):
            outcome = "" if dry_run else _do(settings, connection, spec, deed)
            yield Done(
                stream=spec.name,
                act=deed.act,
                reason=deed.reason,
                driver_id=deed.driver_id,
                outcome=outcome,
            )


def _resume(
    settings: Settings, connection: Pg, specs: dict[str, StreamSpec], dry_run: bool
) -> Iterator[Done]:
    """Go on with open operations whose process died."""
    for found in operations.fetch_abandoned(connection):
        spec = specs.get(found.stream)
        reason = f"operation {found.id} ({found.verb}) stands at {found.step} without an owner"
        outcome = ""
        if spec is None:
            outcome = "its stream is not declared here"
        elif not dry_run and operations.claim(connection, found, operations.this_owner()):
            try:
                ended = carry_out(
                    settings,
                    connection,
                    spec,
                    found,
                    drain_seconds=PASS_SECONDS,
                    stop_seconds=PASS_SECONDS,
                )
                outcome = f"{ended.state}: {ended.outcome}"
            except WeirError as error:
                outcome = f"still open: {error.what}"
        yield Done(stream=found.stream, act="resume", reason=reason, outcome=outcome)


def _do(settings: Settings, connection: Pg, spec: StreamSpec, deed: Deed) -> str:
    """Act; what came of it. An act that fails is tried again in the next pass."""
    stream = spec.name
    if deed.act is Act.FAIL:
        parked = desired.fail(connection, stream, deed.reason, who=WHO, via=WHO)
        return "parked as failed" if parked else "nobody wants it any more"
    if deed.act is Act.ASK:
        epoch = fetch_lease(connection, stream).epoch
        with connection.transaction():
            desired.request_drain(connection, stream, epoch)
            _note(connection, stream, deed, epoch=epoch)
        return f"asked epoch {epoch}"
    if deed.act is Act.SUBMIT:
        _note(connection, stream, deed)
        outcome, _ = bring_up(settings, stream, changed_by=WHO, spec=spec)
        return outcome.value
    assert deed.driver_id is not None
    try:
        kill_driver(settings, deed.driver_id)
    except WeirError as error:
        return f"not killed: {error.what}"
    _note(connection, stream, deed, driver=deed.driver_id)
    return f"killed {deed.driver_id}"


def _note(connection: Pg, stream: str, deed: Deed, **details: object) -> None:
    note_deed(
        connection,
        who=WHO,
        via=WHO,
        action=f"driver.{deed.act}",
        subject=stream,
        reason=deed.reason,
        **details,
    )
