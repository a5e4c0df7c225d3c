"""The verbs of a stream: each writes an operation and the audit trail, and carries it out.

The command line, the DAG `stream_control` and the Streams page call these. A verb whose process
dies in the middle is finished by `weir reconcile`.
"""

from __future__ import annotations

from weir.errors import SettingError
from weir.ops import lease
from weir.ops.audit import note_deed
from weir.ops.launch import connect_to_launch
from weir.ops.operations import Operation, Verb, open_operation, this_owner
from weir.ops.saga import carry_out
from weir.ops.streams import StreamSpec, find_stream
from weir.settings import Settings


def start(
    settings: Settings, stream: str, *, changed_by: str, via: str, spec: StreamSpec | None = None
) -> Operation:
    """The stream shall run; submits a driver unless one works."""
    return order(settings, stream, Verb.START, changed_by=changed_by, via=via, spec=spec)


def drain(
    settings: Settings, stream: str, *, changed_by: str, via: str, spec: StreamSpec | None = None
) -> Operation:
    """The stream shall stop between two batches and stay parked until `start`."""
    return order(settings, stream, Verb.DRAIN, changed_by=changed_by, via=via, spec=spec)


def stop(
    settings: Settings, stream: str, *, changed_by: str, via: str, spec: StreamSpec | None = None
) -> Operation:
    """As `drain`, but a driver that needs longer than some seconds is killed."""
    return order(settings, stream, Verb.STOP, changed_by=changed_by, via=via, spec=spec)


def order(
    settings: Settings,
    stream: str,
    verb: Verb | str,
    *,
    changed_by: str,
    via: str,
    spec: StreamSpec | None = None,
) -> Operation:
    """Carry out a verb; the operation as it ended.

    Raises Unavailable while the stream still works on a batch or the cluster takes no driver; the
    operation stays open then, and `weir reconcile` ends it. Raises SettingError for another word.
    """
    if verb not in tuple(Verb):
        raise SettingError(f"{verb!r} is not a verb of a stream", f"one of {', '.join(Verb)}")
    spec = spec or find_stream(stream)
    with connect_to_launch(settings) as connection:
        lease.ensure_stream(connection, stream)
        with connection.transaction():
            operation = open_operation(
                connection, stream, Verb(verb), owner=this_owner(), changed_by=changed_by, via=via
            )
            note_deed(
                connection,
                who=changed_by,
                via=via,
                action=f"stream.{verb}",
                subject=stream,
                operation=operation.id,
            )
        return carry_out(settings, connection, spec, operation)
