"""Starts, drains or stops a stream, from a form.

* **start**: wanted again and running, also after it was parked or declared failed.
* **drain**: stops between two batches and stays parked until `start`.
* **stop**: drains; if that takes longer than 15 s, ends the driver (its batch is replayed later).

The same as `weir streams start|drain|stop`; who did it stands in `ops.audit`.

**When red:** the log says why in words. `Unavailable` after a drain: the stream still works on a
batch and stops when that is done; nothing is lost by waiting. Running it again is harmless.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG, Param

from stream_ops.control import VERBS, run_verb
from weir.ops.streams import load_streams

# The form offers what is declared. A file of this repository, read as the DAG itself is.
STREAMS = sorted(load_streams())

with DAG(
    dag_id="stream_control",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["stream", "platform"],
    default_args={"retries": 1},
    params={
        "stream": Param(STREAMS[0], type="string", enum=STREAMS, title="Stream"),
        "verb": Param("start", type="string", enum=list(VERBS), title="What to do"),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Only say in the log what would be done",
        ),
    },
):
    run_verb()
