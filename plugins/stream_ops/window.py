"""Which stretch of time a task is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from weir.ops.window import TimeWindow, window_of


def window(context: Mapping[str, Any]) -> TimeWindow:
    """`params.from` and `params.to`, else the data interval. Raises SettingError without either.

    A run by hand may have no data interval, and one of `now` is not what a person meant.
    """
    ends = (context.get("data_interval_start"), context.get("data_interval_end"))
    return window_of(context["params"], *(_plain(moment) for moment in ends))


def _plain(moment: datetime | None) -> datetime | None:
    """Airflow's own kind of time as an ordinary one."""
    return None if moment is None else datetime.fromtimestamp(moment.timestamp(), UTC)
