"""Which systems a start brings up: Wikimedia always, others when WEIR_WITH names them.

A stream whose declaration names a system, and that was never started, is not wanted by anybody:
no start, no alarm. WEIR_WITH, its DAG or `weir streams start` makes it wanted.
"""

from __future__ import annotations

from typing import Final

from weir.errors import SettingError
from weir.ops.streams import StreamSpec
from weir.settings import Settings

ALWAYS: Final = frozenset({"wikimedia"})
OTHERS: Final = frozenset({"promo"})
ALL: Final = "all"


def wanted_systems(settings: Settings) -> frozenset[str]:
    """The systems of this start. Raises SettingError for a name that is none."""
    named = {word.strip() for word in settings.with_.split(",") if word.strip()}
    if ALL in named:
        named = (named - {ALL}) | OTHERS
    if unknown := sorted(named - OTHERS - ALWAYS):
        known = ", ".join([*sorted(OTHERS), ALL])
        raise SettingError(f"WEIR_WITH names {unknown[0]!r}", f"there are: {known}")
    return ALWAYS | named


def is_wanted(spec: StreamSpec, settings: Settings) -> bool:
    """Whether this start brings the stream up."""
    return not spec.system or spec.system in wanted_systems(settings)
