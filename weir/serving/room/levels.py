"""How bad a state of health is, in five steps that each have a colour and a shape. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from weir.ops.health import WELL, Finding, Health
from weir.ops.states import Observed


class Level(StrEnum):
    """From best to worst."""

    OK = "ok"
    BUSY = "busy"  # on its way to another state
    IDLE = "idle"  # at rest because somebody wants it so
    WARN = "warn"
    BAD = "bad"


LEVELS: dict[Health, Level] = {
    Health.LOST: Level.BAD,
    Health.FAILED: Level.BAD,
    Health.RETENTION_DANGER: Level.BAD,
    Health.LOOPING: Level.BAD,
    Health.DOWN: Level.BAD,
    Health.ORPHANED: Level.BAD,
    Health.STALLED: Level.BAD,
    Health.BEHIND: Level.WARN,
    Health.SILENT_SOURCE: Level.WARN,
    Health.UNKNOWN: Level.WARN,
    Health.STARTING: Level.BUSY,
    Health.PARKED: Level.IDLE,
    Health.HEALTHY: Level.OK,
}


def headline(observed: str, findings: Sequence[Finding]) -> tuple[Level, str]:
    """The level and the one word for a stream: what is wrong with it, else what it does."""
    worst = findings[0].health
    if worst is Health.DOWN and observed == Observed.RESTARTING:
        return Level.WARN, observed
    if worst is Health.PARKED and observed == Observed.DRAINING:
        return Level.BUSY, observed
    return LEVELS[worst], observed if worst in WELL else worst.value
