"""Which verbs would change nothing about a stream now, each with the reason. Pure."""

from __future__ import annotations

from weir.ops.operations import Verb
from weir.ops.states import Desired, Observed

AT_WORK = {Observed.STARTING, Observed.WAITING, Observed.RUNNING, Observed.STALLED}


def useless_verbs(desired: str, observed: str) -> dict[Verb, str]:
    """Verb -> why it would change nothing. A verb that is not named does something."""
    if desired == Desired.RUN:
        return {Verb.START: "It is wanted, and a driver works."} if observed in AT_WORK else {}
    if observed == Observed.PARKED:
        why = "It is parked already." if desired == Desired.DRAINED else "It has ended already."
        return {Verb.DRAIN: why, Verb.STOP: why}
    if observed == Observed.DRAINING:
        return {Verb.DRAIN: "It is draining already."}
    return {}
