"""`docs/states.md`, made from the code: `python -m weir.ops.states_page > docs/states.md`."""

from __future__ import annotations

from collections.abc import Iterator

from weir.ops.breaker import RestartLimit
from weir.ops.lease import MAX_BARREN_STARTS, TTL_SECONDS
from weir.ops.operations import STALE_SECONDS, STEPS
from weir.ops.reconcile import MAX_LOST, ORPHAN_SECONDS
from weir.ops.states import MEANINGS, STALLED_SECONDS, STARTING_SECONDS, Desired, Observed

WANTED = {
    Desired.RUN: "`weir streams start`",
    Desired.DRAINED: "`weir streams drain`, `weir streams stop`",
    Desired.FAILED: "the driver itself (configuration or contract error), or the restart breaker",
}


def states_page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    limit = RestartLimit()
    yield """# States of a stream

Made from `weir/ops/states.py` by `python -m weir.ops.states_page > docs/states.md`.

**Desired** is what people want. It is stored, and changed by these alone; a scheduler that starts,
restarts or is killed only follows it.

| desired | set by |
|---|---|"""
    for desired in Desired:
        yield f"| `{desired}` | {WANTED[desired]} |"
    yield f"""
**Observed** is what really happens. It is derived each time from the lease, the driver's sign of
life (older than {TTL_SECONDS:.0f} s means dead), its batches, Kafka's ends and Spark's master, and
never stored. Pairs that are not in this table cannot be.

| desired | observed | it means | what follows by itself | what to do |
|---|---|---|---|---|"""
    for (desired, observed), meaning in MEANINGS.items():
        row = (f"`{desired}`", f"`{observed}`", meaning.means, meaning.follows, meaning.todo)
        yield f"| {' | '.join(row)} |"
    yield f"""
A driver may be `{Observed.STARTING}` for {STARTING_SECONDS:.0f} s; a stream is `{Observed.STALLED}`
when messages wait and no batch ended for {STALLED_SECONDS:.0f} s.

## The restart breaker

After {limit.max} restarts in {limit.within_minutes} minutes (`restarts:` of the stream in
`include/streams.yaml`) the next one parks the stream as `failed`. A restart is an epoch whose
predecessor did not give the lease back; what was before the last `start` does not count. The same
do {MAX_BARREN_STARTS} starts in a row that counted nothing, however slow they are. A configuration
or contract error parks at once.

## Operations

Each verb is a row of `ops.operation` that goes through its steps; one is open per stream. Who
orders another verb supersedes it, who orders the same one joins it. When the process that carries
it out dies, `weir reconcile` goes on at the step where it stands.

| verb | steps |
|---|---|"""
    for verb, steps in STEPS.items():
        yield f"| `{verb}` | {' → '.join(step.value for step in steps)} |"
    yield f"""
## Reconcile

`weir reconcile` is a service that looks at each stream every few seconds and does what nobody else
does; each act is a row of `ops.audit`. `weir reconcile --dry-run` shows what it would do. It
restarts nothing: Spark relaunches a driver that dies, Airflow submits the next one.

| it sees | it does |
|---|---|
| an open operation that nobody has touched for {STALE_SECONDS:.0f} s | goes on with it |
| a living driver {ORPHAN_SECONDS:.0f} s after its stream was parked | asks it to drain |
| a driver without a sign of life {ORPHAN_SECONDS:.0f} s after its stream was parked | kills it |
| a second driver for {ORPHAN_SECONDS:.0f} s beside the one that holds the lease | kills it |
| a paused DAG whose run a person ended while no triggerer was up | asks the driver to drain |
| more restarts than the breaker allows, and no living driver | parks the stream as `failed` |
| {MAX_LOST} submissions in a row that died before they took the lease | parks it as `failed` |
| a driver that runs for {limit.within_minutes} minutes and never took the lease | parks it |"""


if __name__ == "__main__":
    print(states_page(), end="")
