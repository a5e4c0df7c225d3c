"""What a trigger saw, in words for the task's log, and whether it is worth a red task."""

from __future__ import annotations

from weir.ops.follow import Sight


def is_lost(epoch: int | None, now: Sight) -> bool:
    """Whether a stream that ended did so by death: nobody gave the lease back.

    A lease given back is an end that was asked for; then the stream is brought up again at once.
    """
    return now.owned or epoch is None


def why(epoch: int | None, parked: bool, now: Sight) -> str:
    """The state of the stream in one sentence."""
    if parked and now.desired != "run":
        return f"parked, it is {now.desired}: {now.reason or 'no reason given'}"
    if epoch is None and now.desired == "run":
        return "wanted" if parked else "no driver has taken the lease yet"
    if now.desired != "run" and not now.owned:
        return f"it is {now.desired}: {now.reason or 'no reason given'}"
    if not now.owned:
        return f"epoch {now.epoch} gave the lease back"
    if now.draining:
        return f"epoch {now.epoch} ends after the batch at work"
    if not now.alive:
        return f"epoch {now.epoch} is silent; Spark should start it again"
    return f"epoch {now.epoch} " + (f"runs as {now.app_id}" if now.app_id else "starts Spark")
