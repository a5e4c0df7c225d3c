"""What stands in the way of a switch, and the commands that lead to it, in their order. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from weir.errors import ContractError
from weir.ops.states import Observed

STOPPED = (Observed.PARKED, Observed.DOWN)


@dataclass(frozen=True, kw_only=True)
class StreamSigns:
    """What a stream does, and how many messages of the source it has not counted."""

    name: str
    observed: Observed
    uncounted: int

    @property
    def stopped(self) -> bool:
        """No driver works, and none is about to."""
        return self.observed in STOPPED


def obstacle(
    source: str, target: str, collector_pid: int | None, streams: list[StreamSigns]
) -> ContractError | None:
    """The reason not to switch, with the commands that are still needed; None: nothing is."""
    running = [stream for stream in streams if not stream.stopped]
    behind = [stream for stream in streams if stream.uncounted]
    if collector_pid is not None:
        reason = f"the collector is running (process {collector_pid})"
    elif behind:
        reason = f"{behind[0].name} has {behind[0].uncounted} messages to count"
    elif running:
        reason = f"{running[0].name} is {running[0].observed}"
    else:
        return None
    steps = []
    if collector_pid is not None or any(stream.stopped for stream in behind):
        # Everything published must be counted while nothing new comes.
        steps += ["weir down", "weir up --only postgres,kafka,redis,spark"]
        steps += [f"weir streams start {stream.name}" for stream in streams]
        behind = running = streams
    if behind:
        steps += ["weir streams list   # again, until the column lag says 0"]
    drained = {stream.name for stream in (*behind, *running)}
    steps += [f"weir streams drain {stream.name}" for stream in streams if stream.name in drained]
    steps += [f"weir sources switch {source} {target}"]
    return ContractError(reason, "\n     ".join(["still needed, in this order:", *steps]))
